// Enough of an API to measure the sockets with. Logging in is not measured, so a name is all that it takes.
import { randomUUID } from 'node:crypto';
import express from 'express';
import jwt from 'jsonwebtoken';
import mongoose from 'mongoose';
import { Conversation, Message } from './models.js';

export function api(secret) {
  const app = express();
  app.use(express.json());
  app.get('/health/live', (_, answer) => answer.json({ status: 'ok' }));

  app.post('/api/v1/auth/login', (_, answer) => {
    const id = randomUUID();
    answer.json({ user: { id }, accessToken: jwt.sign({ sub: id }, secret, { expiresIn: '12h' }) });
  });

  app.post('/api/v1/conversations', async (request, answer) => {
    const { sub } = jwt.verify(request.get('authorization').slice('Bearer '.length), secret);
    const members = [sub, ...request.body.memberIds];
    const conversation = await Conversation.create({ _id: randomUUID(), members });
    answer.status(201).json({ conversation: { id: conversation._id } });
  });

  app.delete('/api/v1/conversations', async (_, answer) => {
    await mongoose.connection.dropDatabase();
    answer.status(204).end();
  });

  // Of how many messages there still is something.
  app.get('/api/v1/conversations/messages', async (_, answer) => {
    answer.json({ kept: await Message.countDocuments() });
  });
  return app;
}
