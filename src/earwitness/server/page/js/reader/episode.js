// The view of an episode of this server.

import { Reader } from "./reader.js";
import { fromServer } from "./source.js";

export async function open({ id, query, signal }) {
  const view = new Reader(await fromServer(id, signal));
  view.update(query);
  return view;
}
