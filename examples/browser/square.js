// Makes of a picture the square that the network was trained on: the same window, and the same kind of resampling.
//
// The canvas's own scaling would do, and would be less alike: docs/elsewhere.md says by how much. What still differs is
// the browser's decoder, which decodes a large JPEG whole, where training takes a half, a quarter or an eighth of it.

const FILL = 127;

export async function squareOf(file, transform) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white"; // transparent pixels are laid over white
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data; // red, green, blue, opacity
  return resampled(pixels, width, height, transform);
}

// The window of the plain view, in pixels; it reaches beyond the picture where that is padded.
function windowOf(width, height, { square, crop_share: share }) {
  const sides = {
    crop: [Math.min(width, height) * share, Math.min(width, height) * share],
    squash: [width, height],
    pad: [Math.max(width, height), Math.max(width, height)],
  }[square];
  return { left: (width - sides[0]) / 2, top: (height - sides[1]) / 2, width: sides[0], height: sides[1] };
}

function resampled(pixels, width, height, transform) {
  const size = transform.size_px;
  const shown = windowOf(width, height, transform);
  const kernel = Math.min(shown.width, shown.height) >= size ? hamming : bicubic;
  const across = weights(width, shown.left, shown.width, size, kernel);
  const down = weights(height, shown.top, shown.height, size, kernel);
  const square = new Uint8Array(3 * size * size).fill(FILL);
  for (let channel = 0; channel < 3; channel += 1) {
    const narrow = new Uint8ClampedArray(size * height); // rounded between the two directions, as Pillow does
    for (let y = 0; y < height; y += 1)
      for (const { at, first, shares } of across)
        narrow[y * size + at] = sum(shares, (step) => pixels[4 * (y * width + first + step) + channel]);
    for (const { at: row, first, shares } of down)
      for (const { at: column } of across)
        square[channel * size * size + row * size + column] = Math.min(255, Math.max(0, Math.round(
          sum(shares, (step) => narrow[(first + step) * size + column]),
        )));
  }
  return square;
}

const sum = (shares, value) => shares.reduce((total, share, step) => total + share * value(step), 0);

// For each place of the square's side that shows some of the picture: which pixels make it, and what each weighs.
function weights(length, start, extent, size, { reach, weight }) {
  const low = Math.max(0, start);
  const high = Math.min(length, start + extent);
  const places = Math.max(1, Math.round(((high - low) * size) / extent));
  const offset = Math.round(((low - start) * size) / extent);
  const scale = (high - low) / places;
  const stretch = Math.max(1, scale);
  return Array.from({ length: places }, (_, place) => {
    const centre = low + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const last = Math.min(length, Math.trunc(centre + reach * stretch + 0.5));
    const raw = Array.from({ length: last - first }, (_, step) => weight((first + step - centre + 0.5) / stretch));
    const total = raw.reduce((all, share) => all + share, 0);
    return { at: offset + place, first, shares: raw.map((share) => share / total) };
  });
}

// Hamming's window over a sinc, one pixel to each side: sharp where it shrinks.
const hamming = {
  reach: 1,
  weight: (x) => {
    const t = Math.abs(x);
    if (t === 0) return 1;
    return t >= 1 ? 0 : (Math.sin(t * Math.PI) / (t * Math.PI)) * (0.54 + 0.46 * Math.cos(t * Math.PI));
  },
};

// Keys's cubic with a = -1/2, for pictures that have to be enlarged.
const bicubic = {
  reach: 2,
  weight: (x) => {
    const t = Math.abs(x);
    if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
    return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
  },
};

// Draws a square onto a canvas.
export function drawn(square, size, canvas) {
  canvas.width = size;
  canvas.height = size;
  const image = new ImageData(size, size);
  for (let place = 0; place < size * size; place += 1)
    for (let channel = 0; channel < 4; channel += 1)
      image.data[4 * place + channel] = channel === 3 ? 255 : square[channel * size * size + place];
  canvas.getContext("2d").putImageData(image, 0, 0);
}
