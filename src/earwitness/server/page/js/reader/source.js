// Where an episode comes from, and what can be done with it: the server.

import { ApiError, get, post, remove } from "../api.js";

/** The episode of a number on this server; its sound and their shape are asked for when they are needed. */
export async function fromServer(id, signal) {
  const path = `/api/episodes/${encodeURIComponent(id)}`;
  const transcript = await get(path, signal);
  const now = async (answer) => {
    const { transcript: corrected, unfit } = await answer;
    if (unfit) throw new ApiError(200, "That is kept, but nothing like it is said there, so it changes nothing.");
    return corrected;
  };
  return {
    id,
    transcript,
    isEditable: true,
    audio: `${path}/audio`,
    /** The shape of the sound, or null where the recording is not kept. */
    peaks: async () => {
      try {
        return await get(`${path}/peaks`, signal);
      } catch (error) {
        if (error.status === 404) return null;
        throw error;
      }
    },
    /** Each gives the transcript as it is then. */
    correct: (correction) => now(post(`${path}/corrections`, correction)),
    undo: async () => {
      if (!(await get(`${path}/corrections`)).length)
        throw new ApiError(200, "There is no correction that could be taken back.");
      return now(remove(`${path}/corrections/last`));
    },
    confirm: (label, name) => now(post(`${path}/speakers/${encodeURIComponent(label)}/confirm`, { name })),
    formats: () => get("/api/formats", signal),
    exported: (format) => `${path}/exports/${encodeURIComponent(format)}`,
    /** The address of a time, and of a stretch of time, on this page. */
    place: (start, end) =>
      `#/episode/${encodeURIComponent(id)}?t=${start.toFixed(1)}${end ? `-${end.toFixed(1)}` : ""}`,
    isShared: true,
  };
}
