// Menus with a search field: options come from the server while one types, and are chosen by keyboard or mouse.
"use strict";

(() => {
  const WAIT = 180;
  const boxOf = (element) => element.closest?.("[data-lookup]");
  const query = (box) => box.querySelector(".lookup-query");
  const list = (box) => box.querySelector(".lookup-options");
  const offers = (box) => [...list(box).querySelectorAll("[role=option]")];
  const active = (box) => list(box).querySelector("[aria-selected=true]");
  const isMany = (box) => box.classList.contains("many");
  const isOpen = (box) => list(box).matches(":popover-open");
  const taken = (box) => [...box.querySelectorAll("input[type=hidden]")].map((each) => each.value);

  let timer = 0;
  let asked = 0;

  // The list lies above everything, dialogs included, right below (or above) its field.
  function place(box) {
    const field = box.getBoundingClientRect();
    const options = list(box);
    const below = window.innerHeight - field.bottom - 12;
    const isBelow = below > 200 || below > field.top;
    options.style.left = `${field.left}px`;
    options.style.width = `${Math.max(field.width, Math.min(320, window.innerWidth - field.left - 12))}px`;
    options.style.maxHeight = `${Math.min(320, isBelow ? below : field.top - 12)}px`;
    options.style.top = isBelow ? `${field.bottom + 4}px` : "auto";
    options.style.bottom = isBelow ? "auto" : `${window.innerHeight - field.top + 4}px`;
  }

  function open(box) {
    if (!isOpen(box)) list(box).showPopover();
    query(box).setAttribute("aria-expanded", "true");
    place(box);
  }

  function close(box) {
    clearTimeout(timer);
    asked += 1;
    if (isOpen(box)) list(box).hidePopover();
    list(box).replaceChildren();
    query(box).setAttribute("aria-expanded", "false");
    query(box).removeAttribute("aria-activedescendant");
  }

  function note(box, words) {
    const line = document.createElement("li");
    line.className = "lookup-note";
    line.textContent = words;
    list(box).replaceChildren(line);
    open(box);
  }

  function mark(box, offer) {
    for (const each of offers(box)) each.setAttribute("aria-selected", String(each === offer));
    if (offer) {
      offer.id ||= `${list(box).id}-${offers(box).indexOf(offer)}`;
      query(box).setAttribute("aria-activedescendant", offer.id);
      offer.scrollIntoView({ block: "nearest" });
    }
  }

  // A chosen label that stands in the field is no query.
  function typed(box) {
    const words = query(box).value.trim();
    return !isMany(box) && words === query(box).defaultValue ? "" : words;
  }

  async function ask(box) {
    const words = typed(box);
    const least = Number(box.dataset.least);
    if (words.length < least) {
      return note(box, `Type ${least} or more characters to search`);
    }
    const mine = ++asked;
    if (!isOpen(box)) note(box, "Loading …");
    const body = new URLSearchParams({ ...JSON.parse(box.dataset.vals), query: words });
    let html = "";
    try {
      const answer = await fetch("/suggest", { method: "POST", body });
      if (answer.ok) html = await answer.text();
    } catch {
      // Said below.
    }
    if (mine !== asked || !box.isConnected) return;
    if (!html) return note(box, "The sandbox does not answer.");
    list(box).innerHTML = html;
    const already = isMany(box) ? taken(box) : [];
    for (const offer of offers(box)) offer.hidden = already.includes(offer.dataset.value);
    open(box);
    mark(box, offers(box).find((each) => !each.hidden));
  }

  function chosen(box) {
    close(box);
    box.dispatchEvent(new CustomEvent("chosen"));
  }

  function choose(box, offer) {
    if (isMany(box)) {
      if (box.dataset.most && taken(box).length >= Number(box.dataset.most)) {
        return note(box, `No more than ${box.dataset.most}`);
      }
      query(box).before(chip(box, offer.dataset.value, offer.dataset.label));
      query(box).value = "";
    } else {
      box.querySelector("[data-chosen]").value = offer.dataset.value;
      query(box).value = query(box).defaultValue = offer.dataset.label;
    }
    chosen(box);
  }

  function chip(box, value, label) {
    const made = document.createElement("span");
    made.className = "chip";
    const words = document.createElement("span");
    words.textContent = label;
    const drop = document.createElement("button");
    drop.type = "button";
    drop.dataset.drop = "";
    drop.setAttribute("aria-label", `Remove ${label}`);
    drop.innerHTML = '<svg class="icon" aria-hidden="true"><use href="#icon-close"/></svg>';
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = box.dataset.name;
    input.value = value;
    made.append(words, drop, input);
    return made;
  }

  function drop(box, one) {
    one.remove();
    query(box).focus();
    chosen(box);
  }

  // Emptied by hand, a single menu has nothing chosen; half a word goes back to what was chosen.
  function leave(box) {
    close(box);
    if (isMany(box)) {
      query(box).value = "";
      return;
    }
    const value = box.querySelector("[data-chosen]");
    if (query(box).value === "" && value.value !== "") {
      value.value = query(box).defaultValue = "";
      chosen(box);
    }
    query(box).value = query(box).defaultValue;
  }

  document.addEventListener("input", (event) => {
    const box = event.target.matches?.(".lookup-query") && boxOf(event.target);
    if (!box) return;
    clearTimeout(timer);
    timer = setTimeout(() => ask(box), WAIT);
  });

  document.addEventListener("click", (event) => {
    const box = boxOf(event.target);
    if (!box) return;
    const dropped = event.target.closest("[data-drop]");
    if (dropped) drop(box, dropped.closest(".chip"));
    else if (!event.target.closest(".lookup-options")) {
      query(box).focus();
      if (!isOpen(box)) ask(box);
    }
  });

  document.addEventListener("mousedown", (event) => {
    const offer = event.target.closest?.(".lookup-options [role=option]");
    if (offer) {
      event.preventDefault();
      choose(boxOf(offer), offer);
    } else if (event.target.closest?.(".lookup-options")) event.preventDefault();
  });

  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.(".lookup-query")) leave(boxOf(event.target));
  });

  document.addEventListener("keydown", (event) => {
    const box = event.target.matches?.(".lookup-query") && boxOf(event.target);
    if (!box || event.isComposing) return;
    const all = offers(box).filter((each) => !each.hidden);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !isOpen(box)) ask(box);
    else if (step && all.length) mark(box, all[(all.indexOf(active(box)) + step + all.length) % all.length]);
    else if (event.key === "Enter" && isOpen(box) && active(box)) choose(box, active(box));
    else if (event.key === "Enter") return event.preventDefault();
    else if (event.key === "Escape" && isOpen(box)) {
      query(box).value = isMany(box) ? "" : query(box).defaultValue;
      close(box);
    } else if (event.key === "Backspace" && isMany(box) && query(box).value === "") {
      const last = [...box.querySelectorAll(".chip")].at(-1);
      if (last) drop(box, last);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // The list is where its field was: it goes when that moves.
  document.addEventListener("scroll", (event) => {
    for (const options of document.querySelectorAll(".lookup-options:popover-open")) {
      if (event.target !== options) close(boxOf(options));
    }
  }, true);

  // Enter in a text field that tells the app of it.
  document.addEventListener("keydown", (event) => {
    const field = event.target.matches?.('[hx-trigger="enter"]') && event.target;
    if (!field || event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    field.dispatchEvent(new CustomEvent("enter"));
  });
})();
