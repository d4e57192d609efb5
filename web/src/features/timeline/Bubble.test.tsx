// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, describe, expect, it, vi } from "vitest";
import { en } from "@/ui/i18n/en";
import { Bubble, isLargeEmoji } from "./Bubble";
import type { MessageView } from "@/store/queries";

afterEach(cleanup);

const message: MessageView = {
  id: "m",
  conversationId: "c",
  senderId: "s",
  seq: 1,
  count: 1,
  order: 1,
  type: "message",
  kind: "text",
  createdAt: "2026-03-01T10:00:00.000Z",
  own: false,
  text: "hello",
  formatting: [],
  attachments: [],
  replyTo: null,
  forwardedFrom: null,
  mentions: [],
  editedAt: null,
  deleted: false,
  forgotten: false,
  reactions: [],
  notice: null,
  progress: null,
  failure: null,
  deliveredBy: null,
  readBy: null,
};

function show(change: Partial<MessageView>, onQuote = vi.fn()) {
  render(
    <IntlProvider locale="en" messages={en} timeZone="UTC">
      <Bubble message={{ ...message, ...change }} name={null} quotedName="Ada" first last onQuote={onQuote} />
    </IntlProvider>,
  );
  return onQuote;
}

describe("Bubble", () => {
  it("shows markup as the text that it is", () => {
    show({ text: "<img src=x onerror=alert(1)> & <b>no</b>" });
    expect(screen.getByText(/<img src=x onerror=alert\(1\)> & <b>no<\/b>/u)).toBeTruthy();
    expect(document.querySelector("img, b")).toBeNull();
  });

  it("formats by ranges", () => {
    show({ text: "say hello", formatting: [{ style: "bold", start: 4, end: 9 }] });
    expect(screen.getByText("hello").tagName).toBe("STRONG");
  });

  it("says in words how far a message has come", () => {
    show({ own: true, progress: "read" });
    expect(screen.getByRole("img", { name: "Read" })).toBeTruthy();
  });

  it("shows nothing of what was deleted, its quotation included", () => {
    show({ deleted: true, text: "secret", replyTo: { id: "q", senderId: "a", excerpt: "older secret" } });
    expect(screen.getByText("This message was deleted")).toBeTruthy();
    expect(screen.queryByText(/secret/u)).toBeNull();
  });

  it("leads to what it answers", () => {
    const onQuote = show({ replyTo: { id: "q", senderId: "a", excerpt: "older" } });
    fireEvent.click(screen.getByText("older"));
    expect(onQuote).toHaveBeenCalledWith("q");
  });
});

describe("isLargeEmoji", () => {
  it.each(["🙂", "👍🏽", "👨‍👩‍👧", "🇩🇪", "🙂🙂🙂", "❤️"])("%s", (text) => expect(isLargeEmoji(text)).toBe(true));
  it.each(["a", "🙂 ok", "🙂🙂🙂🙂", "", "12"])("not %s", (text) => expect(isLargeEmoji(text)).toBe(false));
});
