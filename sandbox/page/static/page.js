// Keeps the page fresh and feels like an app: live updates, dialogs, panes, scrolling, the clock.
"use strict";

(() => {
  const app = () => document.getElementById("app");

  // Live updates: the server says that something changed, the page fetches itself again.

  let isFetching = false;
  let isStale = false;

  async function refresh() {
    isStale = true;
    if (isFetching) return;
    isFetching = true;
    while (isStale) {
      isStale = false;
      const { as, in: where } = app().dataset;
      const url = `/app?as=${encodeURIComponent(as)}&in=${encodeURIComponent(where)}`;
      try {
        await htmx.ajax("GET", url, { target: "#app", swap: "outerMorph" });
      } catch {
        document.body.classList.add("offline");
      }
    }
    isFetching = false;
  }

  function listen() {
    const events = new EventSource("/events");
    events.addEventListener("changed", () => {
      online(true);
      refresh();
    });
    events.addEventListener("error", () => {
      online(false);
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    });
    window.addEventListener("pagehide", () => events.close(), { once: true });
  }

  function online(is) {
    const was = !document.body.classList.contains("offline");
    if (was && !is) toast("The sandbox does not answer. Is it still running?", "lost");
    if (is) document.querySelector('[data-toast="lost"]')?.remove();
    document.body.classList.toggle("offline", !is);
    const words = document.querySelector(".connection span");
    if (words) words.textContent = is ? "Live" : "Waiting for the sandbox …";
  }

  // An answer drawn for another person or conversation than the one now open is stale.
  document.addEventListener("htmx:before:swap", (event) => {
    const ctx = event.detail.ctx;
    if (!ctx || ctx.sourceElement?.hasAttribute?.("data-go")) return;
    const drawn = /<div id="app" data-as="([^"]*)" data-in="([^"]*)"/.exec(ctx.text || "");
    const { as, in: where } = app().dataset;
    if (drawn && (drawn[1] !== as || drawn[2] !== where)) {
      event.preventDefault();
      refresh();
    }
  });

  // A press begins and ends on one element: nothing is drawn anew while a button or key is down.

  let released = Promise.resolve();
  let release = () => {};

  function press() {
    release();
    released = new Promise((resolve) => {
      release = resolve;
    });
  }

  document.addEventListener("pointerdown", (event) => event.button === 0 && press(), true);
  document.addEventListener("keydown", (event) => event.key === " " && !event.repeat && press(), true);
  for (const name of ["pointerup", "pointercancel", "keyup"]) {
    // The click comes after it, in the same turn.
    document.addEventListener(name, () => setTimeout(release), true);
  }
  window.addEventListener("blur", () => release());

  document.addEventListener("htmx:before:request", (event) => {
    event.detail.ctx.fetch = async (...request) => {
      const response = await fetch(...request);
      const text = await response.text();
      await released;
      // Read already: between the release and the drawing there is no turn in which to press.
      response.text = async () => text;
      return response;
    };
  });

  // Scrolling: stay at the newest message unless the reader has scrolled away from it.

  let wasAt = null;

  function scroller() {
    return document.querySelector("[data-scroll]");
  }

  function isAtEnd(element) {
    return element.scrollHeight - element.scrollTop - element.clientHeight < 60;
  }

  function newest(element) {
    return [...element.querySelectorAll(".message")].at(-1)?.id;
  }

  document.addEventListener("htmx:before:swap", () => {
    const element = scroller();
    wasAt = element && {
      key: element.dataset.scroll,
      atEnd: isAtEnd(element),
      top: element.scrollTop,
      newest: newest(element),
    };
  });

  function settle() {
    const element = scroller();
    if (!element) return;
    const isSame = wasAt && wasAt.key === element.dataset.scroll;
    if (element.classList.contains("home")) {
      element.scrollTop = isSame ? wasAt.top : 0;
      return;
    }
    if (!isSame || wasAt.atEnd) {
      element.scrollTop = element.scrollHeight;
    } else {
      element.scrollTop = wasAt.top;
      if (newest(element) !== wasAt.newest) document.getElementById("to-newest").hidden = false;
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".to-newest")) return;
    const element = scroller();
    element.scrollTo({ top: element.scrollHeight, behavior: "smooth" });
    event.target.closest(".to-newest").hidden = true;
  });

  document.addEventListener("scroll", (event) => {
    const button = document.getElementById("to-newest");
    if (button && event.target === scroller() && isAtEnd(event.target)) button.hidden = true;
  }, true);

  // Dialogs: views of the app open as real modal dialogs, and give the focus back.

  let cameFrom = null;

  function showViews() {
    const views = [...document.querySelectorAll("dialog[data-view]")];
    for (const view of views) {
      if (view.open) continue;
      cameFrom ??= document.activeElement?.id || null;
      view.showModal();
      view.querySelector(".modal-body :is(input, textarea, select):not([type=hidden])")?.focus();
    }
    showError(views.at(-1));
    if (!views.length && cameFrom !== null) {
      (document.getElementById(cameFrom) || document.querySelector("[data-input]"))?.focus();
      cameFrom = null;
    }
  }

  // What is wrong takes the focus once for each try to send: whoever mends another field keeps it.
  let shownError = null;

  function showError(view) {
    const input = view?.querySelector(".has-error");
    const error = input?.querySelector(".error");
    if (error && shownError !== error.parentElement.id) {
      input.querySelector("[aria-invalid]")?.focus();
      error.scrollIntoView({ block: "nearest" });
    }
    shownError = error?.parentElement.id;
  }

  document.addEventListener("htmx:config:request", (event) => {
    if (event.target.matches?.("dialog[data-view] form")) shownError = null;
  });

  document.addEventListener("cancel", (event) => {
    if (!event.target.matches("dialog[data-view]")) return;
    event.preventDefault();
    event.target.querySelector("[data-cancel]").click();
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    const source = ctx?.sourceElement || event.target;
    const words = document.getElementById(source.dataset.confirm);
    if (!words) return;
    event.preventDefault();
    const dialog = document.getElementById("confirm");
    const [deny, yes] = dialog.querySelectorAll("button");
    document.getElementById("confirm-body").replaceChildren(words.content.cloneNode(true));
    yes.textContent = words.dataset.confirmText;
    yes.className = `button ${words.dataset.style}`;
    deny.textContent = words.dataset.denyText;
    dialog.returnValue = "deny";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "confirm") issueRequest();
      else dropRequest?.();
    }, { once: true });
    dialog.showModal();
    yes.focus();
  });

  // A small menu closes when one looks elsewhere, and another opens.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details:is(.overflow, .tour)[open]")) {
      if (!menu.contains(event.target) || event.target.closest(".overflow-item")) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.("details:is(.overflow, .tour)[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Panes of a phone, the hint strip, toasts.

  document.addEventListener("click", (event) => {
    const pane = event.target.closest("[data-pane-to]");
    if (pane) document.body.dataset.pane = pane.dataset.paneTo;
    else if (event.target.closest(".room, .person")) document.body.dataset.pane = "chat";
    if (event.target.closest("[data-dismiss-hint]")) {
      document.body.classList.add("hint-dismissed");
      remember("hint", "dismissed");
    }
    event.target.closest(".toast")?.remove();
  });

  function remember(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Private windows may refuse; the hint then simply comes back.
    }
  }

  function dismissedBefore() {
    try {
      return localStorage.getItem("hint") === "dismissed";
    } catch {
      return false;
    }
  }

  // What the page itself has to say, beside what the server says.
  function toast(words, name) {
    const box = document.getElementById("toasts");
    if (box.querySelector(`[data-toast="${name}"]`)) return;
    const line = document.createElement("p");
    line.className = "toast";
    line.dataset.toast = name;
    line.dataset.testid = "toast";
    line.innerHTML = '<svg class="icon" aria-hidden="true"><use href="#icon-alert"/></svg><span></span>';
    line.lastChild.textContent = words;
    box.append(line);
    // It stays while it is so; clicking takes it away.
    if (name === "lost") line.dataset.fading = "no";
    else fadeToasts();
  }

  document.addEventListener("htmx:error", () => {
    toast("That did not reach the sandbox. Nothing has happened; please try again.", "unsent");
  });

  function fadeToasts() {
    for (const toast of document.querySelectorAll(".toast:not([data-fading])")) {
      toast.dataset.fading = "yes";
      setTimeout(() => toast.remove(), 8000);
    }
  }

  // The clock runs on between two updates.

  let lead = 0;

  function setClock() {
    const face = document.getElementById("clock-time");
    lead = Date.parse(face.getAttribute("datetime")) - Date.now();
  }

  function tick() {
    const face = document.getElementById("clock-time");
    face.textContent = new Date(Date.now() + lead).toLocaleTimeString("en-US", {
      hour: "numeric", minute: "2-digit", timeZone: face.dataset.zone,
    });
  }

  function drawn() {
    settle();
    showViews();
    fadeToasts();
    setClock();
    const unread = [...document.querySelectorAll(".rooms .badge")].length;
    document.title = document.title.replace(/^(• )?/, unread ? "• " : "");
  }

  // The address names what is really open: a person may not be in the channel that was asked for.
  function nameAddress() {
    const { as, in: where } = app().dataset;
    const shown = new URLSearchParams(location.search);
    if (shown.get("as") !== as || shown.get("in") !== where) {
      history.replaceState(history.state, "", `/?as=${as}&in=${where}`);
    }
  }

  document.addEventListener("htmx:after:swap", drawn);
  document.addEventListener("htmx:finally:request", nameAddress);
  document.addEventListener("DOMContentLoaded", () => {
    if (dismissedBefore()) document.body.classList.add("hint-dismissed");
    drawn();
    nameAddress();
    setInterval(tick, 1000);
    listen();
  });
})();
