/** A `Wire` over socket.io. Connecting again is the device's business: it has to sync first. */
import { io, type Socket } from "socket.io-client";
import type { Answer, WireError } from "./events";
import { type Closed, type Connect, Refused, type Said, type Wire } from "./wire";

/** Until the server says `ready`, and for each answer; in milliseconds. */
const patience = 20_000;

export const connectSocket: Connect = (token) =>
  new Promise((resolve, reject) => {
    const socket = io(globalThis.location.origin, {
      auth: (give) => give({ token, v: 1 }),
      transports: ["websocket", "polling"],
      // Without it there is no way round a proxy that lets no websocket through.
      tryAllTransports: true,
      reconnection: false,
      forceNew: true,
      timeout: patience,
    });
    const wire = overSocket(socket);
    const give = (error: Error) => {
      clearTimeout(late);
      socket.close();
      reject(error);
    };
    const late = setTimeout(() => give(new Error("no word from the server")), patience);
    socket.once("ready", () => {
      clearTimeout(late);
      resolve(wire);
    });
    socket.once("connect_error", (error: Error & { data?: Partial<WireError> }) => {
      give(error.data?.code ? new Refused(error.data.code, error.data.retryAfter ?? null) : error);
    });
    socket.once("disconnect", (why) => give(new Error(why)));
  });

function overSocket(socket: Socket): Wire {
  const before: [string, unknown][] = [];
  let said: Said = (name, payload) => void before.push([name, payload]);
  let ended: string | null = null;
  let closed: Closed = () => {};
  socket.onAny((name: string, payload: unknown) => {
    if (name !== "ready") said(name, payload);
  });
  socket.on("disconnect", (why) => {
    ended = why;
    closed(why);
  });
  return {
    ask: (event, payload, answered) => {
      if (!socket.connected) return answered(null);
      socket
        .timeout(patience)
        .emit(event, payload, (lost: Error | null, answer: unknown) => answered(lost ? null : (answer as Answer<never>)));
    },
    listen: (onSaid, onClosed) => {
      said = onSaid;
      closed = onClosed;
      for (const [name, payload] of before.splice(0)) said(name, payload);
      if (ended !== null) closed(ended);
    },
    close: () => socket.close(),
  };
}
