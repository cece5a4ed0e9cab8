// Opens a bundle's folder with onnxruntime-web and answers for squares.

import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

ort.env.wasm.numThreads = 1; // several need headers that a plain file server does not send

export async function openModel(folder) {
  const fetched = async (name) => {
    const response = await fetch(`${folder}/${name}`);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response;
  };
  const about = await (await fetched("bundle.json")).json();
  const graph = new Uint8Array(await (await fetched("model.onnx")).arrayBuffer());
  const session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  const references = about.refusal
    ? matrix(await (await fetched("references.safetensors")).arrayBuffer(), "references")
    : null;
  const size = about.transform.size_px;

  // A square: Uint8Array of 3 * size * size, all red values first, then green, then blue.
  async function answer(square) {
    const found = await session.run({ squares: new ort.Tensor("uint8", square, [1, 3, size, size]) });
    const probabilities = found.probabilities.data;
    const distance = references ? strangeness(found.features.data, references, about.refusal.neighbours) : null;
    return {
      probabilities: [...probabilities],
      distance,
      refused: distance === null ? null : distance > about.refusal.distance,
      classes: about.classes
        .map((name, index) => ({ name, probability: probabilities[index] }))
        .sort((one, other) => other.probability - one.probability),
    };
  }
  return { about, answer };
}

// The mean cosine distance to the nearest references, which have length 1.
function strangeness(features, references, neighbours) {
  const length = Math.hypot(...features) || 1;
  const nearness = references.map((row) => row.reduce((sum, value, index) => sum + value * features[index], 0));
  nearness.sort((one, other) => other - one);
  const nearest = nearness.slice(0, neighbours);
  return Math.max(0, 1 - nearest.reduce((sum, value) => sum + value, 0) / nearest.length / length);
}

// A table of half precision in a safetensors file: eight bytes of a length, a JSON header, the values.
function matrix(buffer, name) {
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const { shape: [rows, columns], data_offsets: [first] } = header[name];
  const halves = new Uint16Array(buffer.slice(start + first, start + first + 2 * rows * columns));
  return Array.from({ length: rows }, (_, row) =>
    Float32Array.from(halves.subarray(row * columns, (row + 1) * columns), single),
  );
}

// The value of sixteen bits in half precision.
function single(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  return exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * 2 ** (exponent - 25) * (1024 + fraction);
}
