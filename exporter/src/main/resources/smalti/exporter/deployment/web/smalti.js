// A Smalti bundle in JavaScript: pictures to codes or distributions and back, and pictures from a seed. Runs wherever
// ONNX Runtime's JavaScript packages run; `ort` is that package, onnxruntime-web or onnxruntime-node.

/** Standard normal numbers of picture `index` of a seed (a BigInt), as bundle.json's noise contract
 * "philox4x32-10/box-muller" has them: the same as every other Smalti runtime makes. */
export function normals(seed, stream, index, length) {
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i += 4) {
    const words = philox(seed, stream, index, i / 4);
    for (let pair = 0; pair < 2; pair++) {
      const u = (words[2 * pair] + 1) / 4294967296;
      const v = words[2 * pair + 1] / 4294967296;
      const radius = Math.sqrt(-2 * Math.log(u));
      const angle = 2 * Math.PI * v;
      const at = i + 2 * pair;
      if (at < length) numbers[at] = radius * Math.cos(angle);
      if (at + 1 < length) numbers[at + 1] = radius * Math.sin(angle);
    }
  }
  return numbers;
}

/** Four words of Philox4x32 with 10 rounds: the key is the seed, the counter (block, stream, index). */
export function philox(seed, stream, index, block) {
  const key = BigInt.asUintN(64, seed);
  let k0 = Number(key & 0xffffffffn);
  let k1 = Number(key >> 32n);
  let c0 = block >>> 0;
  let c1 = stream >>> 0;
  let c2 = index >>> 0;
  let c3 = Math.floor(index / 4294967296) >>> 0;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = product(0xd2511f53, c0);
    const [high1, low1] = product(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The high and the low word of a product of two words. */
function product(a, b) {
  const a1 = a >>> 16, a0 = a & 0xffff, b1 = b >>> 16, b0 = b & 0xffff;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = (middle & 0xffff) + a0 * b1;
  const high = a1 * b1 + Math.floor(middle / 65536) + Math.floor(carry / 65536);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Orthogonal unit directions of the latent space, made of stream 1 of seed 0. */
export function directions(count, length) {
  const found = [];
  for (let k = 0; found.length < Math.min(count, length); k++) {
    const direction = Float64Array.from(normals(0n, 1, k, length));
    for (const other of found) {
      const along = direction.reduce((sum, x, i) => sum + x * other[i], 0);
      direction.forEach((x, i) => (direction[i] = x - along * other[i]));
    }
    const norm = Math.sqrt(direction.reduce((sum, x) => sum + x * x, 0));
    if (norm > 1e-6) found.push(direction.map((x) => x / norm));
  }
  return found;
}

/**
 * Samples [height,width,channels] of RGBA ones (an ImageData), over white; grey by the luma of ITU-R BT.601.
 */
export function samples(rgba, channels) {
  const count = rgba.length / 4;
  const into = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const alpha = rgba[4 * i + 3];
    const onWhite = (sample) =>
      alpha === 255 ? sample : Math.floor((sample * alpha + 255 * (255 - alpha) + 127) / 255);
    const red = onWhite(rgba[4 * i]), green = onWhite(rgba[4 * i + 1]), blue = onWhite(rgba[4 * i + 2]);
    if (channels === 3) {
      into.set([red, green, blue], 3 * i);
    } else {
      into[i] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
    }
  }
  return into;
}

/** RGBA samples of one picture [height,width,channels]. */
export function rgba(pixels, channels) {
  const count = pixels.length / channels;
  const into = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) into[4 * i + c] = pixels[channels * i + (channels === 3 ? c : 0)];
    into[4 * i + 3] = 255;
  }
  return into;
}

/** A bundle whose graphs are read by `read(name)`, which resolves to a file's bytes. Close it by `release()`. */
export class Bundle {
  #ort;
  #read;
  #sessions = new Map();

  constructor(ort, manifest, read) {
    this.#ort = ort;
    this.#read = read;
    this.manifest = manifest;
  }

  static async open(ort, read) {
    const manifest = JSON.parse(new TextDecoder().decode(await read("bundle.json")));
    if (manifest.format === 1) {
      // format 1 had the contracts beside one another
      const { pixels, codebook, noise, classes } = manifest;
      manifest.contracts = { pixels, codebook, noise, classes: classes.length > 0 ? { names: classes } : undefined };
    } else if (manifest.format !== 2) {
      throw new Error(`bundle.json: format must be 1 or 2, got ${manifest.format}`);
    }
    return new Bundle(ort, manifest, read);
  }

  has(role) {
    return role in this.manifest.graphs;
  }

  /** Sizes that a graph takes: a number where it is fixed, 0 where it is free. */
  sizes(role) {
    return this.manifest.graphs[role].signature.inputs[0].shape.map((size) => (/^\d+$/.test(size) ? Number(size) : 0));
  }

  /** pixels [count,height,width,channels] → codes [count,h,w] as BigInts. */
  async encode(pixels, count, height, width) {
    const shape = [count, height, width, this.manifest.contracts.pixels.channels];
    return this.#run("tokenize", [new this.#ort.Tensor("uint8", pixels, shape)]);
  }

  /** codes [count,h,w] → pixels. A graph takes -1 for the last code without a word: codes are checked here. */
  async decode(codes, count, height, width) {
    const most = BigInt(this.manifest.contracts.codebook.codes);
    const wrong = codes.findIndex((code) => code < 0n || code >= most);
    if (wrong >= 0) throw new Error(`codes[${wrong}] must be in [0, ${most}), got ${codes[wrong]}`);
    return this.#run("detokenize", [new this.#ort.Tensor("int64", codes, [count, height, width])]);
  }

  /** The noise behind picture `index` of a seed. */
  noise(seed, index) {
    return normals(seed, 0, index, this.manifest.contracts.noise.length);
  }

  /** noise [count,Z], row by row, and a class for each picture where there are classes → pixels. */
  async generate(noise, classes) {
    const count = noise.length / this.manifest.contracts.noise.length;
    const inputs = [new this.#ort.Tensor("float32", noise, [count, this.manifest.contracts.noise.length])];
    return this.#run("generator", [...inputs, ...this.#labels(classes, count)]);
  }

  /** pixels [count,height,width,channels], and a class for each picture where there are classes → the means and the
   * log-variances of their latents, row by row. Latents, such as a mean, go to `generate` as noise. */
  async distribution(pixels, count, height, width, classes) {
    const shape = [count, height, width, this.manifest.contracts.pixels.channels];
    const inputs = [new this.#ort.Tensor("uint8", pixels, shape), ...this.#labels(classes, count)];
    const { mean, logVariance } = await this.#outputs("posterior", inputs);
    return { mean: mean.data, logVariance: logVariance.data };
  }

  async release() {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  /** The class input, where there are classes. */
  #labels(classes, count) {
    return this.manifest.contracts.classes
      ? [new this.#ort.Tensor("int64", BigInt64Array.from(classes, BigInt), [count])]
      : [];
  }

  /** The one output of a graph. */
  async #run(role, tensors) {
    const output = (await this.#outputs(role, tensors))[this.manifest.graphs[role].signature.outputs[0].name];
    return { data: output.data, shape: output.dims };
  }

  /** Every output of a graph, by name. */
  async #outputs(role, tensors) {
    const session = await this.#session(role);
    const { inputs } = this.manifest.graphs[role].signature;
    return session.run(Object.fromEntries(inputs.map((input, i) => [input.name, tensors[i]])));
  }

  #session(role) {
    if (!this.#sessions.has(role)) {
      const file = this.manifest.graphs[role].file;
      const load = async () => {
        const bytes = await this.#read(file);
        await this.#verify(file, bytes);
        return this.#ort.InferenceSession.create(bytes);
      };
      this.#sessions.set(role, load());
    }
    return this.#sessions.get(role);
  }

  async #verify(file, bytes) {
    // absent where a page comes neither by https nor from this machine
    if (!globalThis.crypto?.subtle) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== this.manifest.files[file]) {
      throw new Error(`${file} must have SHA-256 ${this.manifest.files[file]} as bundle.json says, got ${found}`);
    }
  }
}
