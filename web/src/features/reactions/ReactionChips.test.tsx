// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, describe, expect, it, vi } from "vitest";
import { en } from "@/ui/i18n/en";
import { namesOf, ReactionChips } from "./ReactionChips";

afterEach(cleanup);

const nameOf = (id: string) => ({ me: "You", a: "Ada", b: "Bo" })[id] ?? "?";

describe("ReactionChips", () => {
  it("names who reacted, marks one's own, and takes it back when pressed", () => {
    const onToggle = vi.fn();
    render(
      <IntlProvider locale="en" messages={en} timeZone="UTC">
        <ReactionChips
          reactions={[
            { emoji: "👍", userIds: ["a", "me"] },
            { emoji: "🎉", userIds: ["b"] },
          ]}
          me="me"
          nameOf={nameOf}
          reachable
          onToggle={onToggle}
        />
      </IntlProvider>,
    );
    const mine = screen.getByRole("button", { name: "👍, 2 people: Ada, You", pressed: true });
    const other = screen.getByRole("button", { name: "🎉, 1 person: Bo", pressed: false });
    fireEvent.click(mine);
    fireEvent.click(other);
    expect(onToggle.mock.calls).toEqual([
      ["👍", false],
      ["🎉", true],
    ]);
  });
});

describe("namesOf", () => {
  it("stops where a tip would be too long", () => {
    expect(
      namesOf(
        Array.from({ length: 15 }, (_, n) => `${n}`),
        (id) => id,
        "en",
      ),
    ).toBe("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 +3");
  });
});
