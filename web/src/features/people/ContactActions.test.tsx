// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, describe, expect, it, vi } from "vitest";
import { en } from "@/ui/i18n/en";

const state = vi.hoisted(() => ({ now: null as string | null | undefined }));
const did = vi.hoisted(() => [] as string[]);
vi.mock("./useContact", async (real) => ({ ...(await real<object>()), useContact: () => state.now }));
vi.mock("@/store/actions", async (real) => ({
  ...(await real<object>()),
  askContact: async (id: string) => void did.push(`ask ${id}`),
  acceptContact: async (id: string) => void did.push(`accept ${id}`),
  removeContact: async (id: string) => void did.push(`remove ${id}`),
  setBlocked: async (id: string, on: boolean) => void did.push(`${on ? "block" : "unblock"} ${id}`),
}));

import { ContactActions } from "./ContactActions";

afterEach(() => {
  cleanup();
  did.length = 0;
});

function show(now: typeof state.now) {
  state.now = now;
  const person = { id: "ann", name: "Ann", username: null, bio: null, avatarUrl: null };
  render(
    <IntlProvider locale="en" messages={en} timeZone="UTC">
      <ContactActions person={person} />
    </IntlProvider>,
  );
}

const labels = () => screen.queryAllByRole("button").map((button) => button.textContent);

describe("what can be done about somebody", () => {
  it.each([
    [null, ["Add to contacts", "Block Ann"]],
    ["outgoing", ["Take the request back", "Block Ann"]],
    ["incoming", ["Accept", "Decline", "Block Ann"]],
    ["accepted", ["Remove from contacts", "Block Ann"]],
    ["blocked", ["Unblock Ann"]],
    // It is not known yet: nothing that could be pressed by mistake.
    [undefined, []],
  ])("when they are %s", (now, expected) => {
    show(now);
    expect(labels()).toEqual(expected);
  });

  it("is done at once, but for a block, which asks", async () => {
    show("incoming");
    fireEvent.click(screen.getByRole("button", { name: "Block Ann" }));
    expect(did).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "Block", hidden: true }));
    await vi.waitFor(() => expect(did).toEqual(["block ann"]));
  });
});
