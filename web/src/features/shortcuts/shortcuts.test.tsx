// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, describe, expect, it, vi } from "vitest";
import { en } from "@/ui/i18n/en";
import { ShortcutHelp } from "./ShortcutHelp";
import { shortcuts, shown } from "./table";
import { focusRegion, useShortcuts } from "./useShortcuts";

afterEach(cleanup);

function Page({ help, switcher }: { help: () => void; switcher: () => void }) {
  useShortcuts({ help, switcher });
  return (
    <>
      <nav data-region>
        <a href="/c/1">one</a>
      </nav>
      <section data-region>
        <div data-timeline tabIndex={-1}>
          <article data-row="m1" tabIndex={-1} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: as the list has it */}
          <article data-row="m2" tabIndex={0} aria-label="last" />
        </div>
        <textarea aria-label="box" />
      </section>
    </>
  );
}

describe("shortcuts", () => {
  it("are heard anywhere, but for those that are letters while one types", () => {
    const [help, switcher] = [vi.fn(), vi.fn()];
    render(<Page help={help} switcher={switcher} />);
    const box = screen.getByLabelText("box");
    fireEvent.keyDown(box, { key: "k", ctrlKey: true });
    fireEvent.keyDown(box, { key: "?", shiftKey: true });
    expect([switcher.mock.calls.length, help.mock.calls.length]).toEqual([1, 0]);
    fireEvent.keyDown(document.body, { key: "?", shiftKey: true });
    expect(help).toHaveBeenCalledTimes(1);
  });

  it("are left to a dialog that is open, and to who composes a character", () => {
    const switcher = vi.fn();
    render(<Page help={vi.fn()} switcher={switcher} />);
    fireEvent.keyDown(document.body, { key: "k", ctrlKey: true, isComposing: true });
    const dialog = document.createElement("dialog");
    dialog.setAttribute("open", "");
    document.body.append(dialog);
    fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    dialog.remove();
    expect(switcher).not.toHaveBeenCalled();
  });

  it("walk from the list to the messages, to the box, and round", () => {
    render(<Page help={vi.fn()} switcher={vi.fn()} />);
    const [list, last, box] = [screen.getByText("one"), screen.getByLabelText("last"), screen.getByLabelText("box")];
    list.focus();
    focusRegion(1);
    expect(document.activeElement?.closest("[data-timeline]")).not.toBeNull();
    last.focus();
    focusRegion(1);
    expect(document.activeElement).toBe(box);
    focusRegion(1);
    expect(document.activeElement).toBe(list);
    focusRegion(-1);
    expect(document.activeElement).toBe(box);
  });

  it("are all in the help", () => {
    render(
      <IntlProvider locale="en" messages={en} timeZone="UTC">
        <ShortcutHelp onClose={() => {}} />
      </IntlProvider>,
    );
    const listed = [...document.querySelectorAll("kbd")].map((key) => key.textContent);
    const wanted = shortcuts.filter(({ action }) => action !== "previousRegion").flatMap(({ keys }) => keys.map(shown));
    expect(wanted.filter((keys) => !listed.includes(keys))).toEqual([]);
  });
});
