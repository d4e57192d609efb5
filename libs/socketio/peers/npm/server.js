// What examples/load.rs does, on the npm server: node server.js HOST PORT
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const [host, port] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, { pingInterval: 3_600_000, perMessageDeflate: false, maxHttpBufferSize: 65_536 });
io.on('connection', (socket) => {
  // As the manual advises for memory.
  delete socket.conn.request;
  socket.on('echo', (value, done) => done(value));
  socket.on('blast', (value) => io.emit('n', value));
});
http.listen({ host, port: Number(port), backlog: 4096 });
