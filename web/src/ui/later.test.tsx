// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, describe, expect, it, vi } from "vitest";
import { en } from "@/ui/i18n/en";
import { later } from "./later";
import { useToasts } from "./Toast";

afterEach(cleanup);

const inWords = (view: React.ReactNode) => (
  <IntlProvider locale="en" messages={en} timeZone="UTC">
    {view}
  </IntlProvider>
);

describe("a view that is fetched later", () => {
  it("comes when its code has come, and at once the next time", async () => {
    const load = vi.fn(async () => ({ name }: { name: string }) => <p>hello {name}</p>);
    const View = later(load, <p>wait</p>);
    const { unmount } = render(inWords(<View name="Ann" />));
    expect(screen.getByText("wait")).toBeTruthy();
    await screen.findByText("hello Ann");
    unmount();
    render(inWords(<View name="Bob" />));
    expect(screen.getByText("hello Bob")).toBeTruthy();
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("says when it cannot come, closes, and is tried again", async () => {
    let works = false;
    const View = later(async () => {
      if (!works) throw new Error("no connection");
      return ({ onClose: _ }: { onClose: () => void }) => <p>there</p>;
    });
    const closed = vi.fn();
    const { unmount } = render(inWords(<View onClose={closed} />));
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
    expect(useToasts.getState().shown.at(-1)?.text).toBe(en.app.problem);
    unmount();
    works = true;
    render(inWords(<View onClose={closed} />));
    await screen.findByText("there");
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
