// One process of the stack that the project's brief describes; any number of them share a database and Redis.
// node server.js MONGODB_URL REDIS_URL SECRET: listens on a free port of 127.0.0.1 and prints it.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { Server } from 'socket.io';
import { api } from './http.js';
import { authenticate, serve } from './sockets.js';

const [mongo, redis, secret] = process.argv.slice(2);
await mongoose.connect(mongo, { writeConcern: { w: 'majority', j: true } });
// Indexes exist before anybody is served.
await Promise.all(mongoose.modelNames().map((name) => mongoose.model(name).init()));

const http = createServer(api(secret));
const publisher = new Redis(redis);
const io = new Server(http, {
  adapter: createAdapter(publisher, publisher.duplicate()),
  transports: ['websocket'],
  maxHttpBufferSize: 65_536,
});
io.use(authenticate(secret));
io.on('connection', (socket) => serve(socket).catch(() => socket.disconnect(true)));
http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => console.log(http.address().port));
