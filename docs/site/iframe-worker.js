// Searching a site that was opened from disk: browsers start no worker from a
// file, so there its script runs in a hidden frame, which does as well for a
// search. Elsewhere this changes nothing.
(() => {
  if (location.protocol !== "file:") return;
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.ready = new Promise((resolve) => {
        this.frame.onload = resolve;
      });
      // importScripts loads languages other than English; there are none.
      this.frame.srcdoc = `<script src="${url}"></script>`;
      document.documentElement.append(this.frame);
      this.ready.then(() => {
        // A worker's postMessage goes to its owner, not to itself.
        this.frame.contentWindow.postMessage = (data) =>
          this.dispatchEvent(new MessageEvent("message", { data }));
      });
    }

    postMessage(data) {
      this.ready.then(() =>
        this.frame.contentWindow.dispatchEvent(
          new MessageEvent("message", { data }),
        ),
      );
    }

    terminate() {
      this.frame.remove();
    }
  };
})();
