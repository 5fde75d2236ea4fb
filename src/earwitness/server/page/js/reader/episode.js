// The view of an episode of this server.

import { ApiError } from "../api.js";
import { Reader } from "./reader.js";
import { fromServer } from "./source.js";

export async function open({ id, query, signal }) {
  if (!/^\d+$/.test(id)) throw new ApiError(404, "There is nothing at this address.");
  const view = new Reader(await fromServer(id, signal));
  view.update(query);
  return view;
}
