#!/bin/bash
# nginx.sh: nginx under libkma with several workers, on Unix sockets: static
# files, compression, includes, itself as a proxy; many requests, a reload in
# the middle of them, and an end without losing one.
. "$(dirname "$0")/lib.sh"

begin
need nginx nginx-light
need curl curl

mkdir "$work/www"
for ((n = 1; n <= 200; n++)); do
	head -c $((n * n * 8)) < <(seq $n 99999999) >"$work/www/file$n.txt"
done
echo 'Top <!--#include virtual="/file9.txt" --> end' >"$work/www/page.shtml"
(cd "$work/www" && cksum file*.txt | sort) >"$work/expected"

user=
[ "$(id -u)" -ne 0 ] || user="user root;"
for who in glibc libkma; do
	mkdir "$work/$who/logs" "$work/$who/tmp"
	sed -e "s|@W@|$work|g" -e "s|@D@|$work/$who|g" \
	    -e "s|@USER@|$user|" >"$work/$who/nginx.conf" <<'END'
@USER@
daemon off;
worker_processes 3;
pid @D@/nginx.pid;
error_log @D@/logs/error.log notice;
events { worker_connections 256; }
http {
	types { text/plain txt; text/html shtml; }
	access_log @D@/logs/access.log;
	client_body_temp_path @D@/tmp/body;
	proxy_temp_path @D@/tmp/proxy;
	fastcgi_temp_path @D@/tmp/fastcgi;
	uwsgi_temp_path @D@/tmp/uwsgi;
	scgi_temp_path @D@/tmp/scgi;
	gzip on;
	gzip_types text/plain;
	gzip_min_length 100;
	proxy_cache_path @D@/tmp/cache keys_zone=c:1m;
	server {
		listen unix:@D@/front;
		root @W@/www;
		ssi on;
		location /cached/ {
			proxy_pass http://unix:@D@/back:/;
			proxy_cache c;
			proxy_cache_valid 200 1m;
		}
	}
	server {
		listen unix:@D@/back;
		root @W@/www;
		access_log off;
	}
}
END
done

fetch() { # WHO OPTION... URL: with curl on the same allocator
	local who=$1
	shift
	client "$who" curl -sS --no-progress-meter --fail --unix-socket "$work/$who/front" "$@"
}

for who in glibc libkma; do
	launch "$who" nginx -p "$work/$who" -c "$work/$who/nginx.conf" -e stderr
	if ! wait_for 20 fetch "$who" http://x/file1.txt; then
		fail "nginx starts on $who"
		note_file "$work/$who/stderr"
		continue
	fi
	master=$pid master_job=$job server_stats=$stats
	if [ "$who" = libkma ]; then
		worker=$(pgrep -P "$master" | head -n 1)
		mapped "nginx, the master" "$master"
		mapped "nginx, a worker" "$worker"
	fi
	new_stats

	# Every file, through the front and through the cache.
	for from in '' cached/; do
		mkdir "$work/$who/got"
		(
			cd "$work/$who/got" || exit
			fetch "$who" --compressed -Z --parallel-max 8 \
			    "http://x/${from}file[1-200].txt" -o 'file#1.txt' \
			    2>"$work/$who/curl.err"
			cksum file*.txt | sort >../sums
		)
		ok "nginx on $who serves /${from}file*.txt" \
		    cmp "$work/expected" "$work/$who/sums"
		rm -rf "$work/$who/got"
	done
	fetch "$who" http://x/page.shtml >"$work/$who/page"

	# Many requests at a time, and two reloads among them. A worker that is
	# replaced may close a connection just as a request comes in: whatever
	# the allocator, that request is made again.
	(
		for round in 1 2 3 4; do
			fetch "$who" --compressed -Z --parallel-max 20 \
			    --retry 5 --retry-delay 1 --retry-all-errors \
			    -w '%{http_code}\n' -o /dev/null \
			    "http://x/file[1-100].txt?$round-[1-10]"
		done
	) >"$work/$who/codes.all" 2>"$work/$who/curl.err" &
	load=$!
	sleep 0.3
	kill -HUP "$master"
	sleep 0.5
	kill -HUP "$master"
	wait "$load"
	sort "$work/$who/codes.all" | uniq -c >"$work/$who/codes"
	ok "nginx on $who answers through two reloads" \
	    grep -qx ' *4000 200' "$work/$who/codes"
	note_file "$work/$who/curl.err"

	kill -QUIT "$master"
	ok "nginx on $who ends well" finished "$master_job"
	grep -E '\[(alert|crit|emerg)\]' "$work/$who/logs/error.log" \
	    >"$work/$who/alerts"
	ok "nginx on $who raised no alarm" test ! -s "$work/$who/alerts"
	note_file "$work/$who/alerts"
	client_stats=$stats
	if [ "$who" = libkma ]; then
		stats=$server_stats pid=$master
		# The master, and three generations of three workers.
		served "nginx" 10 1000
		read -r count sum < <(requests_in "$client_stats")
		ok "curl: libkma served it ($sum requests)" \
		    test "$sum" -gt 100000
	fi
done
same "nginx: same page with an include" page

plan
