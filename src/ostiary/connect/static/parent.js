// Tells the window that frames this page how the login ended. The pages do everything else without scripts.
"use strict";
(() => {
  const told = document.currentScript && document.currentScript.dataset.told;
  // To any parent: the message names a webview and an outcome, neither of which opens anything.
  if (told && window.parent !== window) window.parent.postMessage(JSON.parse(told), "*");
})();
