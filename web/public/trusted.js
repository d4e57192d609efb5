// The browser refuses to load a script from an address that no policy has passed (Trusted Types). The framework's own policy does
// not cover parts that are loaded later; this one does, and passes this site's built files and its service worker alone.
if (globalThis.trustedTypes?.createPolicy) {
  trustedTypes.createPolicy("default", {
    createScriptURL(address) {
      const url = new URL(address, document.baseURI);
      const own = url.origin === location.origin && (url.pathname.startsWith("/_next/static/") || url.pathname === "/sw.js");
      // As it was written: what is loaded is known by that.
      return own ? address : null;
    },
  });
}
