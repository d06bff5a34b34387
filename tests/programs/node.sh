#!/bin/bash
# node.sh: node under libkma: buffers, JSON, compression, cryptography,
# worker threads, an HTTP server on a Unix socket, child processes.
. "$(dirname "$0")/lib.sh"

begin
need_core node nodejs

cat >"$work/work.js" <<'END'
'use strict';
const { Worker, isMainThread, parentPort, workerData } =
    require('worker_threads');
const crypto = require('crypto');
const zlib = require('zlib');
const http = require('http');
const { execFileSync } = require('child_process');

let seed = 1988;
const rnd = n => (seed = (seed * 16807) % 2147483647) % n;
const say = (name, data) => console.log(name,
    crypto.createHash('sha256').update(data).digest('hex'));

function bufferWork(from) {
    seed = 1988 + from;
    const keep = [];
    const sum = crypto.createHash('sha256');
    for (let n = 0; n < 4000; n++) {
        const b = Buffer.allocUnsafe(rnd(n % 50 ? 5000 : 300000));
        b.fill(String(n));
        keep[rnd(200)] = b;
        if (n % 40 === 0)
            sum.update(Buffer.concat(keep.filter(x => x)));
    }
    return sum.digest('hex');
}

if (!isMainThread) {
    parentPort.postMessage(bufferWork(workerData));
    return;
}

async function main() {
    say('buffers', bufferWork(0));

    const doc = Array.from({ length: 4000 }, (_, i) => ({ id: i,
        name: 'n'.repeat(rnd(200)), list: [rnd(9), rnd(99) / 7, null] }));
    const text = JSON.stringify(doc);
    say('json', JSON.stringify(JSON.parse(text).reverse(), null, 1));

    const packed = [zlib.gzipSync(text), zlib.brotliCompressSync(text,
        { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } })];
    say('zlib', Buffer.concat([zlib.gunzipSync(packed[0]),
        zlib.brotliDecompressSync(packed[1])]));
    const parts = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        new Promise((yes, no) => zlib.deflate(text.slice(i * 1000), (e, b) =>
            e ? no(e) : yes(b)))));
    say('async', Buffer.concat(parts));
    const keys = await Promise.all([1, 2, 3, 4].map(i =>
        new Promise((yes, no) => crypto.scrypt('secret' + i, 'salt', 64,
            (e, k) => e ? no(e) : yes(k)))));
    say('scrypt', Buffer.concat(keys));

    const sums = await Promise.all(Array.from({ length: 6 }, (_, i) =>
        new Promise((yes, no) => {
            const w = new Worker(__filename, { workerData: i });
            w.on('message', yes);
            w.on('error', no);
        })));
    say('workers', sums.join());

    const shared = new Map();
    const server = http.createServer((q, r) => {
        let body = '';
        q.on('data', d => body += d);
        q.on('end', () => {
            shared.set(q.url, body.length);
            r.end(body.toUpperCase());
        });
    });
    await new Promise(yes => server.listen('http', yes));
    const post = i => new Promise((yes, no) => {
        const q = http.request({ socketPath: 'http', path: '/' + i,
            method: 'POST' }, r => {
            const got = [];
            r.on('data', d => got.push(d));
            r.on('end', () => yes(Buffer.concat(got).length));
        });
        q.on('error', no);
        q.end('payload '.repeat(i));
    });
    let total = 0;
    for (let n = 0; n < 20; n++)
        for (const l of await Promise.all(Array.from({ length: 20 },
            (_, i) => post(n * 20 + i))))
            total += l;
    await new Promise(yes => server.close(yes));
    say('http', total + ' ' + shared.size);

    const kids = [1, 2, 3].map(n => execFileSync(process.execPath,
        ['-e', `console.log("x".repeat(${n * 1000}).length)`]).toString());
    say('children', kids.join());
}

main().catch(e => { console.error(e); process.exitCode = 1; });
END

run_both -p 4 -r 100000 "node" node "$work/work.js"
same_output "node"

plan
