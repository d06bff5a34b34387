// work.js: what node programs ask the allocator for: buffers of all sizes,
// JSON, strings turned into buffers and back, compression, typed arrays.
// usage: work.js ROUNDS
'use strict';
const crypto = require('crypto');
const zlib = require('zlib');

let seed = 1988;
const rnd = n => (seed = (seed * 16807) % 2147483647) % n;
const digest = data =>
    crypto.createHash('sha256').update(data).digest('hex');

function documents() {
    const list = [];
    for (let n = 0; n < 20000; n++) {
        list.push({ id: n, name: 'user ' + rnd(1 << 30).toString(16),
            tags: Array.from({ length: rnd(8) }, () => 'tag' + rnd(500)),
            place: { x: rnd(1000) / 8, y: rnd(1000) / 8 },
            note: 'n'.repeat(rnd(100)) });
    }
    const back = JSON.parse(JSON.stringify(list));
    const byTag = new Map();
    for (const entry of back) {
        for (const tag of entry.tags)
            byTag.set(tag, (byTag.get(tag) || '') + entry.id + ',');
    }
    return JSON.stringify([...byTag].sort());
}

function buffers() {
    const keep = [];
    const hash = crypto.createHash('sha256');
    for (let n = 0; n < 60000; n++) {
        const size = rnd(n % 100 ? 6000 : 200000);
        const b = n % 3 ? Buffer.allocUnsafeSlow(size) : Buffer.alloc(size);
        b.fill(n & 255);
        keep[rnd(1000)] = b;
    }
    for (const b of keep)
        hash.update(b || '-');
    return hash.digest();
}

function strings() {
    const parts = [];
    for (let n = 0; n < 40000; n++) {
        const text = rnd(1 << 30).toString(36).repeat(1 + rnd(20));
        const b = Buffer.from(text, n % 2 ? 'utf8' : 'latin1');
        parts.push(b.toString(n % 3 ? 'hex' : 'base64'));
    }
    return parts.join('').replace(/[a-f]+/g, run => run.length);
}

function compression() {
    const out = [];
    for (let n = 0; n < 400; n++) {
        const text = Buffer.from(('line ' + rnd(1000) + '\n').repeat(200));
        const small = zlib.deflateSync(text, { level: 1 });
        out.push(small, zlib.inflateSync(small).subarray(0, 10));
    }
    return Buffer.concat(out);
}

function arrays() {
    const keep = [];
    let sum = 0;
    for (let n = 0; n < 30000; n++) {
        const a = new Float64Array(1 + rnd(400));
        a[0] = n;
        const view = new Uint8Array(a.buffer.slice(0));
        keep[rnd(500)] = view;
        sum += view.length + view[6];
    }
    return String(sum);
}

const rounds = Number(process.argv[2]);
for (let n = 0; n < rounds; n++) {
    for (const part of [documents, buffers, strings, compression, arrays])
        console.log(part.name, digest(part()));
}
