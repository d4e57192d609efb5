// What is kept: one document for each message until everybody has it, and one for each conversation.
import mongoose from 'mongoose';

const { Schema } = mongoose;

const conversation = new Schema({
  _id: String,
  members: [String],
  messageCount: { type: Number, default: 0 },
  lastMessage: { messageId: String, senderId: String, at: Date },
});
conversation.index({ members: 1 });

const message = new Schema({
  _id: String,
  conversationId: { type: String, required: true },
  senderId: { type: String, required: true },
  text: { type: String, required: true, maxLength: 10_000 },
  deliveredTo: [{ _id: false, user: String, at: Date }],
  // Members who do not have it yet.
  pending: { type: Number, required: true },
  createdAt: { type: Date, default: Date.now },
});
message.index({ conversationId: 1, createdAt: 1 });

export const Conversation = mongoose.model('Conversation', conversation);
export const Message = mongoose.model('Message', message);
