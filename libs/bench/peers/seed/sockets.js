// The whole life of a message: stored, acknowledged, sent to the conversation's room, stored by the recipients, deleted.
import jwt from 'jsonwebtoken';
import { Conversation, Message } from './models.js';

const DUPLICATE = 11_000;
/** In larger groups nobody is told who has what. */
const RECEIPTS_UP_TO = 50;

export function authenticate(secret) {
  return (socket, next) => {
    try {
      socket.data.userId = jwt.verify(socket.handshake.auth.token, secret).sub;
      next();
    } catch {
      next(new Error('UNAUTHORIZED'));
    }
  };
}

export async function serve(socket) {
  const { userId } = socket.data;
  // As the manual advises for memory.
  delete socket.conn.request;
  const conversations = await Conversation.find({ members: userId }).lean();
  const sizes = new Map(conversations.map(({ _id, members }) => [_id, members.length]));
  await socket.join([...sizes.keys(), `user:${userId}`]);

  socket.on('message:send', answered(sizes, async ({ id, conversationId, text }) => {
    const message = { _id: id, conversationId, senderId: userId, text, pending: sizes.get(conversationId) - 1 };
    try {
      await Message.create(message);
    } catch (error) {
      // Sent again because the answer was lost.
      if (error.code === DUPLICATE) return;
      throw error;
    }
    const lastMessage = { messageId: id, senderId: userId, at: new Date() };
    await Conversation.updateOne({ _id: conversationId }, { $set: { lastMessage }, $inc: { messageCount: 1 } });
    socket.to(conversationId).emit('message:new', { id, conversationId, senderId: userId, text });
  }));

  socket.on('message:delivered', answered(sizes, async ({ conversationId, ids }) => {
    const entry = { user: userId, at: new Date() };
    await Message.updateMany(
      { _id: { $in: ids }, conversationId, senderId: { $ne: userId }, 'deliveredTo.user': { $ne: userId } },
      { $push: { deliveredTo: entry }, $inc: { pending: -1 } },
    );
    await Message.deleteMany({ _id: { $in: ids }, conversationId, pending: { $lte: 0 } });
    if (sizes.get(conversationId) <= RECEIPTS_UP_TO) {
      socket.to(conversationId).emit('message:delivered', { conversationId, ids, userId });
    }
  }));

  socket.emit('ready', { userId });
}

/** Answers the client, also when it may not or something failed. */
function answered(sizes, handle) {
  return async (payload, answer) => {
    try {
      if (!sizes.has(payload.conversationId)) throw new Error('FORBIDDEN');
      await handle(payload);
      answer({ ok: true });
    } catch (error) {
      answer({ ok: false, error: error.message });
    }
  };
}
