// PNG files of screens, which are mostly flat: without the filters that browsers choose, and with fewer shades at the edges
// of letters, they are much smaller.

import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Shades that nobody can tell apart become one; white and black stay. */
const STEP = 3;

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The same picture in fewer bytes. The page, which may be any empty one, takes it apart. */
export async function smaller(page, png) {
  const { width, height, rgba } = await page.evaluate(pixels, png.toString('base64'));
  const from = Buffer.from(rgba, 'base64');
  const rows = Buffer.alloc(height * (1 + width * 3));
  let to = 0;
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    if (pixel % width === 0) rows[to++] = 0; // the row has no filter
    for (let colour = 0; colour < 3; colour += 1) rows[to++] = Math.round(from[pixel * 4 + colour] / STEP) * STEP;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8); // eight bits of each of three colours
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

/** In the page: a picture's size and its bytes. */
async function pixels(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const { width, height } = image;
  const pen = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
  pen.drawImage(image, 0, 0);
  const bytes = new Uint8Array(pen.getImageData(0, 0, width, height).data.buffer);
  let text = '';
  for (let start = 0; start < bytes.length; start += 32_768) text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
  return { width, height, rgba: btoa(text) };
}
