#!/bin/bash
# java.sh: javac and java under libkma: a program with many threads, direct
# buffers, compression, a child process and two garbage collectors.
. "$(dirname "$0")/lib.sh"

begin
need java default-jre-headless
need javac default-jdk-headless

cat >"$work/Work.java" <<'END'
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

public class Work {
    record Item(int id, String name, double weight) { }

    static byte[] squeeze(byte[] data, int level) throws Exception {
        Deflater d = new Deflater(level);
        d.setInput(data);
        d.finish();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buf = new byte[4096];
        while (!d.finished())
            out.write(buf, 0, d.deflate(buf));
        d.end();
        Inflater i = new Inflater();
        i.setInput(out.toByteArray());
        byte[] back = new byte[data.length];
        int n = 0;
        while (n < back.length)
            n += i.inflate(back, n, back.length - n);
        i.end();
        return back;
    }

    static long task(int id) throws Exception {
        Random rnd = new Random(id);
        CRC32 crc = new CRC32();
        List<ByteBuffer> keep = new ArrayList<>();
        for (int n = 0; n < 60; n++) {
            ByteBuffer b = ByteBuffer.allocateDirect(rnd.nextInt(200000) + 1);
            while (b.hasRemaining())
                b.put((byte) (n + b.position()));
            b.flip();
            crc.update(b);
            if (n % 4 == 0)
                keep.add(b);
        }
        byte[] data = new byte[100000];
        for (int n = 0; n < 5; n++) {
            rnd.nextBytes(data);
            crc.update(squeeze(data, n + 1));
        }
        Map<String, List<Item>> m = new HashMap<>();
        for (int n = 0; n < 20000; n++)
            m.computeIfAbsent("k" + rnd.nextInt(500), k -> new ArrayList<>())
                .add(new Item(n, "item" + n, rnd.nextDouble()));
        Pattern p = Pattern.compile("k\\d*[13579]");
        for (Map.Entry<String, List<Item>> e : new TreeMap<>(m).entrySet())
            if (p.matcher(e.getKey()).matches())
                crc.update(e.getValue().toString().getBytes());
        return crc.getValue();
    }

    public static void main(String[] args) throws Exception {
        ExecutorService team = Executors.newFixedThreadPool(8);
        List<Callable<Long>> jobs = IntStream.range(0, 24)
            .<Callable<Long>>mapToObj(i -> () -> task(i))
            .collect(Collectors.toList());
        for (Future<Long> f : team.invokeAll(jobs))
            System.out.println(f.get());
        team.shutdown();

        List<Thread> many = new ArrayList<>();
        int[] sum = new int[500];
        for (int n = 0; n < sum.length; n++) {
            int id = n;
            Thread t = new Thread(() -> {
                sum[id] = ByteBuffer.allocateDirect(id + 1).capacity();
            });
            t.start();
            many.add(t);
        }
        for (Thread t : many)
            t.join();
        System.out.println(IntStream.of(sum).sum());

        Process kid = new ProcessBuilder("/bin/echo", "from a child").start();
        try (InputStream in = kid.getInputStream()) {
            System.out.print(new String(in.readAllBytes()));
        }
        System.out.println(kid.waitFor());
        MessageDigest md = MessageDigest.getInstance("SHA-256");
        System.out.println(ByteBuffer.wrap(md.digest(new byte[1 << 20]))
            .getLong());
    }
}
END

run_both -r 10000 "javac" javac -J-Xmx512m -d . "$work/Work.java"
same "javac: same class files" Work.class "Work\$Item.class"
for gc in Parallel G1; do
	run_both -r 10000 "java, $gc collector" \
	    java -Xmx512m -XX:+Use${gc}GC -cp . Work
	same_output "java, $gc collector"
done

plan
