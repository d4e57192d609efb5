/** What a phone paints its bars in: the surface of each theme, as globals.css has it. */
export const barColours = { light: "#ffffff", dark: "#19191f" } as const;
