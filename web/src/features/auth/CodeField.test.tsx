// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CodeField, digitsOf } from "./CodeField";
import { looksLikeMail } from "./useLogIn";

afterEach(cleanup);

describe("digitsOf", () => {
  it("takes the digits out of what is pasted, in other scripts too, and no more than six", () => {
    expect(digitsOf("Your code: 123 456.")).toBe("123456");
    expect(digitsOf("١٢٣٤٥٦")).toBe("123456");
    expect(digitsOf("１２３４５６７８")).toBe("123456");
    expect(digitsOf("none")).toBe("");
  });
});

describe("CodeField", () => {
  it("is one field that takes a whole code, and says what is wrong", () => {
    const onValue = vi.fn();
    render(<CodeField label="Code" value="12" error="wrong" onValue={onValue} />);
    const field = screen.getByLabelText("Code");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole("alert").textContent).toBe("wrong");
    fireEvent.change(field, { target: { value: "12-34-56" } });
    expect(onValue).toHaveBeenCalledWith("123456");
  });
});

describe("looksLikeMail", () => {
  it.each(["a@b", "anna+x@example.org"])("%s does", (text) => expect(looksLikeMail(text)).toBe(true));
  it.each(["a", "a@", "@b", "a b@c", ""])("%j does not", (text) => expect(looksLikeMail(text)).toBe(false));
});
