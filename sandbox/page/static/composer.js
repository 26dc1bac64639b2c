// The composer: sending with Enter, and completion of slash commands by keyboard or mouse.
"use strict";

(() => {
  const input = () => document.querySelector("[data-input]");
  const popup = () => document.getElementById("completion");
  const offers = () => [...popup().querySelectorAll("li:not([hidden])")];
  const chosen = () => popup().querySelector("li[aria-selected=true]");

  function choose(offer) {
    for (const each of popup().querySelectorAll("li")) {
      each.setAttribute("aria-selected", String(each === offer));
    }
    input().setAttribute("aria-activedescendant", offer ? offer.id : "");
    offer?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    if (!popup()) return;
    popup().hidden = true;
    input().removeAttribute("aria-activedescendant");
  }

  // While a command's name is typed, offer what begins so; afterwards show how it goes on.
  function complete() {
    const typed = input().value;
    if (!typed.startsWith("/") || typed.includes("\n")) return close();
    const [name] = typed.split(" ", 1);
    const isNamed = typed.includes(" ");
    for (const offer of popup().querySelectorAll("li")) {
      const command = offer.dataset.command;
      offer.hidden = isNamed ? command !== name : !command.startsWith(name);
      offer.classList.toggle("typing-hint", isNamed);
    }
    const isOffered = offers().length > 0;
    popup().hidden = !isOffered;
    popup().querySelector(".completion-title").hidden = isNamed;
    choose(isNamed ? null : offers()[0] || null);
  }

  function take(offer) {
    input().value = `${offer.dataset.command} `;
    input().focus();
    complete();
  }

  function move(step) {
    const all = offers();
    choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-input]")) complete();
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-input]") || event.isComposing) return;
    const isChoosing = !popup().hidden && chosen();
    if (event.key === "Escape" && !popup().hidden) close();
    else if (isChoosing && event.key === "ArrowDown") move(1);
    else if (isChoosing && event.key === "ArrowUp") move(-1);
    else if (isChoosing && event.key === "Tab" && !event.shiftKey) take(chosen());
    else if (event.key === "Enter" && !event.shiftKey) enter(isChoosing);
    else return;
    event.preventDefault();
  });

  function enter(isChoosing) {
    const typed = input().value.trim();
    if (isChoosing && chosen().dataset.command !== typed) take(chosen());
    else if (typed) input().form.requestSubmit();
  }

  document.addEventListener("mousedown", (event) => {
    const offer = event.target.closest("#completion-list li");
    if (offer && !offer.classList.contains("typing-hint")) {
      event.preventDefault();
      take(offer);
    } else if (!event.target.closest(".composer")) close();
  });

  document.addEventListener("click", (event) => {
    const fill = event.target.closest("[data-fill]");
    if (fill || event.target.closest("[data-slash]")) {
      input().value = fill ? fill.dataset.fill : "/";
      input().focus();
      complete();
    }
  });

  // A slash typed anywhere begins a command, and an opened conversation is ready to type into.
  document.addEventListener("keydown", (event) => {
    const isFree = !event.target.closest?.("input, textarea, select, dialog[open]");
    if (event.key !== "/" || !isFree || event.ctrlKey || event.metaKey || !input()) return;
    event.preventDefault();
    input().value = "/";
    input().focus();
    complete();
  });

  function ready() {
    const isWide = window.matchMedia("(min-width: 980px)").matches;
    if (isWide && input() && !document.querySelector("dialog[open]")) input().focus();
  }
  document.addEventListener("DOMContentLoaded", ready);
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.target.matches?.("[data-go]")) ready();
  });

  // Empty at once, as a chat does, and not when its turn comes: the next is being typed by then.
  // What was typed comes back when nothing reached the sandbox.
  document.addEventListener("htmx:config:request", (event) => {
    if (!event.target.matches?.("[data-composer], [data-reply-form]")) return;
    const { text } = event.target.elements;
    event.detail.ctx.typed = text.value;
    text.value = "";
    close();
  });
  document.addEventListener("htmx:error", (event) => {
    const typed = event.detail.ctx?.typed;
    const text = event.target.elements?.text;
    if (typed && text && !text.value) text.value = typed;
  });
})();

// Threads: begun from a message's menu in the composer, gone on with below the message.
"use strict";

(() => {
  let opening = "";

  function replying(ts, words) {
    const line = document.querySelector("[data-replying]");
    line.hidden = !ts;
    line.querySelector("span").textContent = words;
    const field = line.querySelector("input");
    field.value = ts;
    field.disabled = !ts;
    document.querySelector("[data-input]").focus();
  }

  document.addEventListener("click", (event) => {
    const reply = event.target.closest("[data-reply]");
    const thread = reply && document.getElementById(reply.dataset.replyThread);
    if (thread) {
      thread.open = true;
      thread.querySelector("textarea").focus();
    } else if (reply) {
      opening = reply.dataset.replyThread;
      replying(reply.dataset.reply, `Replying to ${reply.dataset.replyTo}`);
    } else if (event.target.closest("[data-reply-cancel]")) replying("", "");
  });

  document.addEventListener("htmx:finally:request", (event) => {
    if (!event.target.matches?.("[data-composer]") || document.querySelector("[data-replying]")?.hidden !== false) return;
    replying("", "");
    const thread = document.getElementById(opening);
    if (thread) thread.open = true;
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.matches?.("[data-reply-form] textarea") && event.target.form;
    if (!form || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (event.target.value.trim()) form.requestSubmit();
  });
})();
