// What the server is and allows.

import { get } from "./api.js";

let known = null;

/** `{version, model, max_upload_bytes, models, languages, live, ...}`, asked for once. */
export function server() {
  known ??= get("/api/server").catch((error) => {
    known = null;
    throw error;
  });
  return known;
}
