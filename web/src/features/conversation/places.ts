/** Where the reader was in each conversation, for as long as the page lives; the end is not kept. */
const places = new Map<string, string>();

export function keepPlace(conversationId: string, messageId: string | null): void {
  if (messageId) places.set(conversationId, messageId);
  else places.delete(conversationId);
}

export function keptPlace(conversationId: string): string | undefined {
  return places.get(conversationId);
}
