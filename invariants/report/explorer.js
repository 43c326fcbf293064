// The trace explorer: one counterexample a card, its steps on the left, the state after the chosen step on the right.
// What stands in the address (#exhibit:line) is chosen when the page opens, and follows the choice.
"use strict";
const make = (tag, cls, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};
const nodes = list => "{" + list.map(n => "n" + n).join(" ") + "}";
const seconds = at => at < 0 ? "" : (at / 1000).toFixed(3) + " s";

function log(replica, other) {
  // Cells up to the high watermark are filled; a cell that the other side does not have is marked.
  const row = make("div", "log");
  if (replica.hidden) row.append(make("span", "faint", replica.hidden + " before"));
  if (!replica.log.length) row.append(make("span", "faint", "empty log"));
  const theirs = other ? other.log.map(String) : null;
  let barred = false;
  for (const [offset, count, epoch, name] of replica.log) {
    if (!barred && offset >= replica.high_watermark) { row.append(make("span", "bar")); barred = true; }
    const below = offset + count <= replica.high_watermark;
    const odd = theirs && !theirs.includes([offset, count, epoch, name].join(","));
    const cell = make("span", "entry e" + (((epoch % 6) + 6) % 6) + (below ? " below" : "") + (odd ? " odd" : ""),
      offset + ":" + name + (count > 1 ? "×" + count : ""));
    cell.title = "offset " + offset + ", batch " + name + ", written in epoch " + epoch +
      (below ? ", below the high watermark" : ", above the high watermark");
    row.append(cell);
  }
  if (!barred) row.append(make("span", "bar"));
  return row;
}

function replicaCell(replica, other, differs, place) {
  const cell = make("td");
  const role = make("div", "role");
  const say = (field, text) => {
    const odd = differs.includes(place + "." + field);
    role.append(make(odd ? "mark" : "span", odd ? "odd" : "", text), document.createTextNode(" "));
  };
  if (replica.away) role.append(make("b", "", "down, or back and in no epoch yet "));
  else if (replica.leader_epoch < 0) say("leader_epoch", "has learnt no epoch");
  else {
    const stands = replica.stands ? "stands for" : "follows in";
    say(replica.stands ? "stands" : "leading", replica.leading ? "leads" : stands);
    say("leader_epoch", "epoch " + replica.leader_epoch + ",");
  }
  if (replica.voted) say("voted", "voted for " + replica.voted + ",");
  else if (differs.includes(place + ".voted")) say("voted", "has not voted,");
  say("log", "log end " + replica.end + ",");
  say("high_watermark", "high watermark " + replica.high_watermark);
  if (replica.counted.length) say("counted", "; waits for " + nodes(replica.counted));
  cell.append(role, log(replica, other));
  return cell;
}

function decidedCell(decided, differs) {
  const cell = make("td"), role = make("div", "role");
  const say = (field, text) => {
    const odd = differs.includes("decided." + field);
    role.append(make(odd ? "mark" : "span", odd ? "odd" : "", text), document.createTextNode(" "));
  };
  say("leader", decided.leader < 0 ? "nobody leads" : "n" + decided.leader + " leads");
  say("leader_epoch", "epoch " + decided.leader_epoch + ",");
  say("isr", "ISR " + nodes(decided.isr) + ",");
  if (decided.elr.length || differs.includes("decided.elr")) say("elr", "eligible " + nodes(decided.elr) + ",");
  say("partition_epoch", "partition epoch " + decided.partition_epoch);
  cell.append(role);
  return cell;
}

function same(frame) {
  return make("td", "faint", frame.model ? "the same" : "");
}

function state(frame, voters) {
  const differs = frame.model ? frame.model.differs : [];
  const table = make("table", "sides"), head = make("tr");
  for (const title of ["", voters ? "the controllers say" : "the broker says", frame.model ? "the model says" : ""]) {
    const th = make("th", "", title); th.scope = "col"; head.append(th);
  }
  table.append(head);
  const row = (name, told, model) => {
    const tr = make("tr"), th = make("th", "", name); th.scope = "row";
    tr.append(th, told, model); table.append(tr);
  };
  if (frame.decided) {
    const theirs = frame.model && frame.model.decided;
    row("controller", decidedCell(frame.decided, differs), theirs ? decidedCell(theirs, differs) : same(frame));
  }
  for (const replica of frame.replicas) {
    const theirs = frame.model && frame.model.replicas.find(r => r.node === replica.node);
    row(replica.node, replicaCell(replica, theirs, differs, replica.node),
      theirs ? replicaCell(theirs, replica, differs, replica.node) : same(frame));
  }
  return table;
}

function stopping(stopped) {
  // Plain words first; what the model itself says of it beneath.
  const stop = make("div", "stop");
  stop.append(make("p", "", "Here the execution leaves the model: " + (stopped.words || stopped.reason) + "."));
  if (stopped.rule) stop.append(make("p", "faint", stopped.action.replaceAll("_", " ") + ", in the model: " + stopped.rule + "."));
  if (stopped.conjunct) {
    const condition = make("p", "faint", "False: ");
    condition.append(make("code", "conjunct", stopped.conjunct));
    stop.append(condition);
  }
  return stop;
}

function show(box, frame, exhibit) {
  box.replaceChildren();
  const head = make("h4", frame.bad ? "bad" : "", frame.lane + ": " + frame.facts.join("; "));
  box.append(head, make("p", "faint", ("line " + frame.n + " of the trace  " + seconds(frame.at)).trim()));
  if (frame.bad) box.append(make("p", "broken bad", "This breaks " + exhibit.invariant + (exhibit.statement ? ": " + exhibit.statement : "")));
  if (frame.stopped && frame.stopped.here) {
    box.append(stopping(frame.stopped));
  } else if (frame.stopped) {
    box.append(make("p", "faint", "The execution left the model before this, at line " + frame.stopped.n + "."));
  }
  if (frame.decided || frame.replicas.length) box.append(state(frame, exhibit.voters));
}

class Explorer {
  constructor(element, exhibit) {
    Object.assign(this, {element, exhibit, at: -1});
    this.list = element.querySelector(".steps");
    this.box = element.querySelector(".state");
    this.place = element.querySelector(".place");
    exhibit.frames.forEach((frame, i) => this.list.append(this.option(frame, i)));
    this.list.addEventListener("keydown", event => this.key(event));
    for (const [name, move] of [["first", () => 0], ["back", () => this.at - 1], ["on", () => this.at + 1], ["last", () => Infinity]])
      element.querySelector("." + name).addEventListener("click", () => { this.choose(move()); this.link(); });
    // Nothing can be scrolled in a card that is closed.
    element.closest("details").addEventListener("toggle", () => this.choose(this.at));
    this.choose(Infinity);
  }
  option(frame, i) {
    const option = make("div", "step " + frame.kind + (frame.bad ? " bad" : frame.stopped && frame.stopped.here ? " leaves" : ""));
    option.id = this.exhibit.id + "-" + frame.n;
    option.setAttribute("role", "option");
    option.append(make("span", "at", seconds(frame.at)));
    const lanes = make("span", "lanes");
    lanes.setAttribute("aria-hidden", "true");
    lanes.title = this.exhibit.lanes.join(", ");
    for (const lane of this.exhibit.lanes)
      lanes.append(make("span", "lane" + (lane === frame.lane ? " here" : frame.others.includes(lane) ? " there" : "")));
    option.append(lanes, make("span", "words", frame.lane + ": " + frame.title));
    option.addEventListener("click", () => { this.choose(i); this.link(); });
    return option;
  }
  choose(wanted) {
    const last = this.exhibit.frames.length - 1, to = Math.max(0, Math.min(last, wanted));
    if (this.at >= 0) this.list.children[this.at].setAttribute("aria-selected", "false");
    this.at = to;
    const frame = this.exhibit.frames[to], option = this.list.children[to];
    option.setAttribute("aria-selected", "true");
    this.list.setAttribute("aria-activedescendant", option.id);
    this.list.scrollTop = Math.max(0, option.offsetTop - this.list.clientHeight / 2);
    this.place.textContent = "event " + (to + 1) + " of " + (last + 1);
    show(this.box, frame, this.exhibit);
  }
  link() {
    history.replaceState(null, "", "#" + this.exhibit.id + ":" + this.exhibit.frames[this.at].n);
  }
  key(event) {
    const moves = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 5, PageUp: -5, Home: -Infinity, End: Infinity};
    if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(this.at + moves[event.key]);
    this.link();
  }
}

const explorers = new Map();
for (const exhibit of JSON.parse(document.getElementById("frames").textContent)) {
  const element = document.getElementById("explorer-" + exhibit.id);
  if (element && exhibit.frames.length) explorers.set(exhibit.id, new Explorer(element, exhibit));
}
function follow() {
  const [id, line] = decodeURIComponent(location.hash.slice(1)).split(":");
  const named = document.getElementById(id);
  if (named && named.tagName === "DETAILS") named.open = true;
  const explorer = explorers.get(id);
  if (!explorer) return;
  const card = explorer.element.closest("details");
  card.open = true;
  card.hidden = false;
  const to = explorer.exhibit.frames.findIndex(frame => String(frame.n) === line);
  if (to >= 0) explorer.choose(to);
  card.scrollIntoView({block: "start"});
  explorer.list.focus({preventScroll: true});
}
window.addEventListener("hashchange", follow);
follow();
