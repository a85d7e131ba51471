import { Bundle, directions, rgba, samples } from "./smalti.js";

const LONGEST_SIDE = 512;
const MOST_IN_PALETTE = 4096;
const PICTURES = 16;
const DIRECTIONS = 6;

const byId = (id) => document.getElementById(id);
const state = (name) => (document.documentElement.dataset.state = name);

/** What is shown, for whoever looks from outside. */
globalThis.smalti = { result: null };

function fail(text, command) {
  state("error");
  byId("message-text").textContent = text;
  byId("message-command").textContent = command ?? "";
  byId("message-command").hidden = !command;
}

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} could not be loaded (${response.status})`);
  return response;
}

const read = async (name) => new Uint8Array(await (await load(`bundle/${name}`)).arrayBuffer());

function draw(canvas, pixels, height, width, channels) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(rgba(pixels, channels), width, height), 0, 0);
}

let turn = Promise.resolve();
let asking = 0;

/**
 * Runs the newest of the tasks that came while another ran; those between are dropped. Tasks of several kinds take turns,
 * as sessions of one page must.
 */
function newestOnly(work) {
  let running = false;
  let waiting = null;
  return async function ask(...what) {
    waiting = what;
    if (running) return;
    running = true;
    asking++;
    state("busy");
    let failure = null;
    try {
      while (waiting) {
        const now = waiting;
        waiting = null;
        const done = turn.then(() => work(...now));
        turn = done.catch(() => {});
        await done;
      }
    } catch (error) {
      failure = String(error.message ?? error);
    }
    running = false;
    asking--;
    if (failure) fail(failure);
    else if (asking === 0) state("ready");
  };
}

async function main() {
  const page = await (await load("page.json")).json();
  let ort;
  try {
    ort = await import("./ort/ort.wasm.bundle.min.mjs");
  } catch {
    fail(
      "ONNX Runtime for browsers is not in this folder yet. Run this in it, then reload:",
      `npm pack onnxruntime-web@${page.onnxruntimeWeb}\n` +
        `tar -xzf onnxruntime-web-${page.onnxruntimeWeb}.tgz --strip-components=2 --one-top-level=ort \\\n` +
        "    package/dist/ort.wasm.bundle.min.mjs package/dist/ort-wasm-simd-threaded.wasm",
    );
    return;
  }
  // more threads need a server that isolates the page
  if (!globalThis.crossOriginIsolated) ort.env.wasm.numThreads = 1;
  const bundle = await Bundle.open(ort, read);
  describe(bundle.manifest);
  // one part of the page for each that the bundle can do
  if (bundle.has("tokenize")) codec(bundle, page.samples);
  if (bundle.has("posterior")) posterior(bundle, page.samples);
  if (bundle.has("generator")) await generator(bundle);
}

function describe(manifest) {
  const from = manifest.provenance;
  document.title = `${manifest.name} · Smalti`;
  byId("name").textContent = manifest.name;
  byId("provenance").textContent =
    `${from.family}, ${from.steps} steps on ${from.trainPictures} pictures · opset ${manifest.opset} · bundle ${(manifest.sha256 ?? "").slice(0, 12)}`;
}

// ---- pictures that are taken apart and put together again ----

/**
 * Takes pictures from the samples, from a file or out of the air.
 *
 * @param names of samples
 * @param fit to an ImageData of a size that the model takes
 * @param rebuild of (pixels, height, width): resolves to the reconstruction, its time, entries of figures, and what else is to be seen
 *     from outside
 */
function rebuilt(names, channels, fit, rebuild) {
  byId("rebuilt").hidden = false;

  function figures(entries) {
    byId("figures").replaceChildren(
      ...entries.map(([term, value]) => {
        const pair = document.createElement("div");
        pair.append(Object.assign(document.createElement("dt"), { textContent: term }));
        pair.append(Object.assign(document.createElement("dd"), { textContent: value }));
        return pair;
      }),
    );
  }

  const show = newestOnly(async (blob, name) => {
    let bitmap;
    try {
      // turned as EXIF says, its colours as its profile says: as the command reads it
      bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", imageOrientation: "from-image" });
    } catch {
      throw new Error(`${name}: must be a picture that this browser can read`);
    }
    const image = fit(bitmap);
    const { width, height } = image;
    const pixels = samples(image.data, channels);
    const { reconstruction, milliseconds, entries, ...more } = await rebuild(pixels, height, width);
    let squares = 0;
    pixels.forEach((sample, i) => (squares += (sample - reconstruction[i]) ** 2));
    const psnr = 10 * Math.log10((255 * 255) / Math.max(squares / pixels.length, 1e-9));
    draw(byId("picture"), pixels, height, width, channels);
    draw(byId("reconstruction"), reconstruction, height, width, channels);
    byId("size").textContent = `${width}×${height}`;
    byId("psnr").textContent = `${psnr.toFixed(1)} dB`;
    figures([...entries, ["There and back", `${milliseconds.toFixed(0)} ms`]]);
    globalThis.smalti.rebuilt = { name, height, width, channels, pixels, reconstruction, ...more };
  });
  let latest = null;
  const ask = (blob, name) => show(...(latest = [blob, name]));

  const sampleButtons = names.map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample ${name}`);
    button.setAttribute("aria-pressed", "false");
    button.append(Object.assign(new Image(), { src: `samples/${name}`, alt: "" }));
    button.addEventListener("click", async () => {
      press(button);
      ask(await (await load(`samples/${name}`)).blob(), name);
    });
    return button;
  });
  const press = (pressed) =>
    sampleButtons.forEach((button) => button.setAttribute("aria-pressed", String(button === pressed)));
  byId("samples").replaceChildren(...sampleButtons);

  const take = (file) => {
    if (!file) return;
    press(null);
    ask(file, file.name);
  };
  const drop = byId("drop");
  byId("file").addEventListener("change", (event) => take(event.target.files[0]));
  drop.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") byId("file").click();
  });
  // a picture may be let go anywhere
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  if (names.length > 0) {
    sampleButtons[0].click();
  } else {
    state("ready");
  }
  return () => latest && show(...latest);
}

/** Scaled and cropped at the centre to a size. */
function covered(bitmap, width, height, scaledWidth, scaledHeight) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.imageSmoothingEnabled = scaledWidth !== bitmap.width || scaledHeight !== bitmap.height;
  context.drawImage(
    bitmap,
    -Math.floor((scaledWidth - width) / 2),
    -Math.floor((scaledHeight - height) / 2),
    scaledWidth,
    scaledHeight,
  );
  return context.getImageData(0, 0, width, height);
}

// ---- a VAE ----

function posterior(bundle, names) {
  const classes = bundle.manifest.contracts.classes?.names ?? [];
  const [, height, width] = bundle.sizes("posterior");
  document.querySelectorAll(".of-codes").forEach((part) => (part.hidden = true));
  document.querySelector(".trio").classList.add("duo");
  classes.forEach((name, i) => byId("picture-class").append(new Option(name, String(i))));
  byId("picture-class-row").hidden = classes.length === 0;

  /** As training brought pictures to their size. */
  function fit(bitmap) {
    if (bundle.manifest.provenance.data.fit === "stretch") return covered(bitmap, width, height, width, height);
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    return covered(bitmap, width, height, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  }

  const again = rebuilt(names, bundle.manifest.contracts.pixels.channels, fit, async (pixels) => {
    const label = [Number(byId("picture-class").value)];
    const started = performance.now();
    const { mean, logVariance } = await bundle.distribution(pixels, 1, height, width, label);
    const { data } = await bundle.generate(mean, label);
    const milliseconds = performance.now() - started;
    // KL(q ‖ N(0, 1)) of each latent number, in nats
    const divergences = mean.map((m, d) => 0.5 * (m * m + Math.exp(logVariance[d]) - 1 - logVariance[d]));
    const nats = divergences.reduce((sum, x) => sum + x, 0);
    return {
      reconstruction: data,
      milliseconds,
      entries: [
        ["Latent numbers", `${mean.length}, ${divergences.filter((x) => x > 0.1).length} in use`],
        ["Divergence", `${nats.toFixed(1)} nats`],
      ],
      mean,
      logVariance,
    };
  });
  byId("picture-class").addEventListener("change", again);
}

// ---- a codec ----

function codec(bundle, names) {
  const { channels } = bundle.manifest.contracts.pixels;
  const { codes: most, factor } = bundle.manifest.contracts.codebook;
  const [, fixedHeight, fixedWidth] = bundle.sizes("tokenize");
  const mosaic = byId("mosaic");
  let shown = null;
  let palette = null;

  /** A picture at a size that the model takes: fixed, or its own cropped at the centre. */
  function fit(bitmap) {
    let scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    if (fixedHeight) scale = Math.max(fixedWidth / bitmap.width, fixedHeight / bitmap.height);
    else scale = Math.max(scale, factor / Math.min(bitmap.width, bitmap.height));
    const scaledWidth = Math.round(bitmap.width * scale);
    const scaledHeight = Math.round(bitmap.height * scale);
    const width = fixedWidth || scaledWidth - (scaledWidth % factor);
    const height = fixedHeight || scaledHeight - (scaledHeight % factor);
    return covered(bitmap, width, height, scaledWidth, scaledHeight);
  }

  /** The mean colour of what each code decodes to, alone among its like. */
  async function colours() {
    if (most > MOST_IN_PALETTE) return null;
    const [, high, wide] = bundle.manifest.graphs.detokenize.signature.inputs[0].shape;
    const side = (size) => (/^\d+$/.test(size) ? Number(size) : 3);
    const rows = side(high), columns = side(wide);
    const found = new Uint8Array(3 * most);
    const part = Math.max(1, Math.floor(4096 / (rows * columns)));
    for (let first = 0; first < most; first += part) {
      const count = Math.min(part, most - first);
      const codes = BigInt64Array.from({ length: count * rows * columns }, (_, i) =>
        BigInt(first + Math.floor(i / (rows * columns))),
      );
      const decoded = await bundle.decode(codes, count, rows, columns);
      const [, height, width] = decoded.shape.map(Number);
      const top = Math.floor(rows / 2) * (height / rows), left = Math.floor(columns / 2) * (width / columns);
      for (let k = 0; k < count; k++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let y = 0; y < height / rows; y++) {
            for (let x = 0; x < width / columns; x++) {
              sum += decoded.data[((k * height + top + y) * width + left + x) * channels + (channels === 3 ? c : 0)];
            }
          }
          found[3 * (first + k) + c] = Math.round((sum * rows * columns) / (height * width));
        }
      }
    }
    return found;
  }

  function drawMosaic() {
    if (!shown) return;
    const { codes, rows, columns } = shown;
    const tile = Math.max(4, Math.round(720 / Math.max(rows, columns)));
    const gap = Math.max(1, Math.round(tile / 16));
    mosaic.width = columns * tile;
    mosaic.height = rows * tile;
    const context = mosaic.getContext("2d");
    const byColour = palette && document.querySelector("[name=tiles]:checked").value === "colour";
    codes.forEach((code, i) => {
      const k = Number(code);
      // neighbouring numbers far apart on the wheel
      context.fillStyle = byColour
        ? `rgb(${palette[3 * k]} ${palette[3 * k + 1]} ${palette[3 * k + 2]})`
        : `hsl(${((k * 137.508) % 360).toFixed(1)} 62% ${45 + ((k * 7) % 4) * 8}%)`;
      context.beginPath();
      context.roundRect((i % columns) * tile, Math.floor(i / columns) * tile, tile - gap, tile - gap, tile / 8);
      context.fill();
    });
  }

  rebuilt(names, channels, fit, async (pixels, height, width) => {
    const started = performance.now();
    const codes = await bundle.encode(pixels, 1, height, width);
    const [, rows, columns] = codes.shape.map(Number);
    const { data } = await bundle.decode(codes.data, 1, rows, columns);
    const milliseconds = performance.now() - started;
    palette ??= await colours();
    shown = { codes: codes.data, rows, columns };
    drawMosaic();
    byId("grid").textContent = `${columns}×${rows} of ${most}`;
    return {
      reconstruction: data,
      milliseconds,
      entries: [
        ["Different codes", String(new Set(codes.data).size)],
        ["Bits a pixel", ((Math.log2(most) * rows * columns) / (width * height)).toFixed(3)],
      ],
      rows,
      columns,
      codes: codes.data,
    };
  });
  document.querySelectorAll("[name=tiles]").forEach((choice) => choice.addEventListener("change", drawMosaic));
  mosaic.addEventListener("pointermove", (event) => {
    if (!shown) return;
    const column = Math.min(shown.columns - 1, Math.floor((event.offsetX / mosaic.clientWidth) * shown.columns));
    const row = Math.min(shown.rows - 1, Math.floor((event.offsetY / mosaic.clientHeight) * shown.rows));
    byId("hovered").textContent = `Row ${row}, column ${column}: code ${shown.codes[row * shown.columns + column]}`;
  });
}

// ---- a generator ----

async function generator(bundle) {
  const classes = bundle.manifest.contracts.classes?.names ?? [];
  const { length } = bundle.manifest.contracts.noise;
  const { channels } = bundle.manifest.contracts.pixels;
  let chosen = 0;
  byId("generator").hidden = false;

  const slider = (label, along) => {
    const row = document.createElement("div");
    row.className = "row";
    const id = `direction-${along}`;
    const input = Object.assign(document.createElement("input"), { type: "range", id, min: -3, max: 3, step: 0.05, defaultValue: "0" });
    row.append(Object.assign(document.createElement("label"), { htmlFor: id, textContent: label }));
    row.append(input, Object.assign(document.createElement("output"), { textContent: "0.00" }));
    byId("directions").append(row);
    return input;
  };
  const axes = directions(DIRECTIONS, length);
  const sliders = axes.map((_, k) => slider(`Direction ${k + 1}`, k));
  const ranges = [byId("truncation"), byId("between"), ...sliders];
  byId("directions").className = "controls";
  byId("directions").style.marginTop = 0;

  if (classes.length > 1) byId("class").append(new Option("each in turn", "turn"));
  classes.forEach((name, i) => byId("class").append(new Option(name, String(i))));
  byId("class-row").hidden = classes.length === 0;

  const canvases = Array.from({ length: PICTURES }, (_, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Picture ${i}`);
    const canvas = document.createElement("canvas");
    button.append(canvas);
    button.addEventListener("click", () => {
      chosen = i;
      enlarge();
    });
    byId("pictures").append(button);
    return canvas;
  });

  function enlarge() {
    const { pixels, height, width } = globalThis.smalti.result;
    const each = height * width * channels;
    draw(byId("large"), pixels.subarray(chosen * each, (chosen + 1) * each), height, width, channels);
    byId("which").textContent = `${chosen} of seed ${globalThis.smalti.result.seed}`;
    canvases.forEach((canvas, i) => canvas.parentElement.setAttribute("aria-pressed", String(i === chosen)));
  }

  /** The noise of a picture: the seed's, on its way to the next picture's, truncated, and moved along the directions. */
  function noise(seed, index) {
    const z = bundle.noise(seed, index);
    const between = Number(byId("between").value);
    if (between > 0) {
      const next = bundle.noise(seed, (index + 1) % PICTURES);
      next.forEach((x, i) => (z[i] += between * (x - z[i])));
    }
    const truncation = Number(byId("truncation").value);
    sliders.forEach((input, k) => {
      const by = Number(input.value);
      if (by !== 0) axes[k].forEach((x, i) => (z[i] += by * x));
    });
    return truncation === 1 ? z : z.map((x) => x * truncation);
  }

  const show = newestOnly(async () => {
    const text = byId("seed").value.trim();
    if (!/^-?\d+$/.test(text)) throw new Error(`Seed must be a whole number, got "${text}"`);
    const seed = BigInt(text);
    const all = new Float32Array(PICTURES * length);
    for (let i = 0; i < PICTURES; i++) all.set(noise(seed, i), i * length);
    const label = byId("class").value;
    const labels = Array.from({ length: PICTURES }, (_, i) => (label === "turn" ? i % classes.length : Number(label)));
    const started = performance.now();
    const generated = await bundle.generate(all, labels);
    byId("time").textContent = `${PICTURES} pictures in ${(performance.now() - started).toFixed(0)} ms`;
    const [, height, width] = generated.shape.map(Number);
    const each = height * width * channels;
    globalThis.smalti.result = { seed: text, classes: labels, height, width, channels, noise: all, pixels: generated.data };
    canvases.forEach((canvas, i) => draw(canvas, generated.data.subarray(i * each, (i + 1) * each), height, width, channels));
    enlarge();
  });

  for (const input of ranges) {
    input.addEventListener("input", () => {
      input.nextElementSibling.textContent = Number(input.value).toFixed(2);
      show();
    });
  }
  byId("seed").addEventListener("input", show);
  byId("class").addEventListener("change", show);
  byId("next").addEventListener("click", () => {
    byId("seed").value = String(BigInt(byId("seed").value.trim() || "0") + 1n);
    show();
  });
  byId("reset").addEventListener("click", () => {
    for (const input of ranges) {
      input.value = input.defaultValue;
      input.nextElementSibling.textContent = Number(input.value).toFixed(2);
    }
    show();
  });
  globalThis.smalti.show = show;
  await show();
}

main().catch((error) => fail(String(error.message ?? error)));
