// One job by ONNX Runtime's packages for JavaScript, in Node and in a page.

const TYPES = {
  "|u1": ["uint8", Uint8Array],
  "<i8": ["int64", BigInt64Array],
  "<f4": ["float32", Float32Array],
};

/** A tensor of an .npy file's bytes. */
function tensor(ort, bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  const [type, Array] = TYPES[/'descr': '([^']+)'/.exec(header)[1]];
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").map((size) => size.trim()).filter(Boolean).map(Number);
  return new ort.Tensor(type, new Array(bytes.slice(10 + length).buffer), shape);
}

function npy({ type, dims, data }) {
  const descr = Object.keys(TYPES).find((key) => TYPES[key][0] === type);
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims.join(", ")}${dims.length === 1 ? "," : ""}), }`;
  const header = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

/** @returns the files of the outcome by name, as bytes */
export async function consume(ort, job, model, read) {
  const files = {};
  let outcome;
  try {
    const session = await ort.InferenceSession.create(model);
    const feeds = {};
    for (const [name, file] of Object.entries(job.inputs)) feeds[name] = tensor(ort, await read(file));
    const results = await session.run(feeds);
    const outputs = {};
    job.outputs.forEach((name, k) => {
      const file = `${job.id}.out.${k}.npy`;
      files[file] = npy({ type: results[name].type, dims: results[name].dims, data: results[name].data });
      outputs[name] = file;
    });
    await session.release();
    outcome = { outputs };
  } catch (error) {
    outcome = { error: String(error.message ?? error) };
  }
  files[`${job.id}.json`] = new TextEncoder().encode(JSON.stringify(outcome));
  return files;
}
