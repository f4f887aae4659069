// Bars of action units; the muscles of the one that is pointed at or focused are told below.

export class Bars {
  constructor(list, muscles) {
    this.list = list;
    this.muscles = muscles;
    this.rows = new Map();
  }

  // aus: what /v1/models says of the model's action units
  show(aus) {
    this.list.replaceChildren();
    this.rows.clear();
    for (const au of aus) {
      const row = document.createElement("li");
      row.tabIndex = 0;
      row.dataset.au = au.column;
      const parts = Object.fromEntries(
        ["code", "name", "track", "value"].map((kind) => {
          const part = document.createElement("span");
          part.className = kind;
          row.append(part);
          return [kind, part];
        }),
      );
      parts.code.textContent = au.column;
      parts.name.textContent = au.name;
      parts.fill = document.createElement("span");
      parts.fill.className = "fill";
      parts.track.append(parts.fill);
      for (const event of ["mouseenter", "focus"]) row.addEventListener(event, () => this.tell(au));
      this.list.append(row);
      this.rows.set(au.column, { row, au, ...parts });
    }
  }

  tell(au) {
    const name = document.createElement("strong");
    name.textContent = `${au.column} ${au.name}`;
    const muscles = au.muscles.length ? au.muscles.join("; ") : "no single muscle";
    this.muscles.replaceChildren(name, ` (${au.region}): ${muscles}.`);
  }

  // values: column -> { level: 0-5 or null, on: 0/1 }
  set(values) {
    for (const [column, { row, au, fill, value }] of this.rows) {
      const { level = null, on = 0 } = values[column] ?? {};
      fill.style.width = `${(Math.min(5, level ?? 0) / 5) * 100}%`;
      value.textContent = level === null ? "–" : level.toFixed(1);
      row.classList.toggle("on", Boolean(on));
      row.setAttribute("aria-label", `${column} ${au.name}: ${level === null ? "unknown" : `${level.toFixed(1)} of 5`}${on ? ", occurs" : ""}`);
    }
  }
}

// A row of the results table as what `set` takes.
export function levelsOf(row) {
  const values = {};
  for (const key of Object.keys(row)) {
    const match = /^(AU\d\d)_c$/.exec(key);
    if (!match) continue;
    const intensity = row[`${match[1]}_r`];
    const probability = row[`${match[1]}_p`];
    const level = intensity ?? (probability === null ? null : 5 * probability);
    values[match[1]] = { level, on: row[key] };
  }
  return values;
}
