#!/bin/bash
# erlang.sh: Erlang under libkma: its own allocators, which take carriers by
# mmap and some memory from malloc, and with them switched off, so that each
# Erlang term and binary is a block of libkma's.
. "$(dirname "$0")/lib.sh"

begin
need erl erlang-base

# Processes that build terms and binaries, send them about, and are collected.
# The sum is the same in whatever order they run.
cat >"$work/work.erl" <<'END'
-module(work).
-export([main/0]).

main() ->
    Me = self(),
    [spawn(fun() -> Me ! {sum, one(K)} end) || K <- lists:seq(1, 12)],
    Sum = lists:sum([receive {sum, N} -> N end || _ <- lists:seq(1, 12)]),
    io:format("~p~n", [Sum]),
    halt(0).

one(K) ->
    Map = maps:from_list([{integer_to_list(N), binary:copy(<<N, K>>, N)}
                          || N <- lists:seq(1, 250)]),
    Table = ets:new(table, [public]),
    [ets:insert(Table, {N, Map}) || N <- lists:seq(1, 20)],
    Big = lists:foldl(fun(N, A) -> <<A/binary, N:K/unit:8>> end, <<>>,
                      lists:seq(1, 500)),
    garbage_collect(),
    [{7, Same}] = ets:lookup(Table, 7),
    Text = lists:flatten(io_lib:format("~w", [maps:to_list(Same)])),
    ets:delete(Table),
    erlang:crc32(Big) + erlang:adler32(Text) +
        byte_size(zlib:gunzip(zlib:gzip(Big))).
END
(cd "$work" && erlc work.erl) || fail "the program compiles"

try() { # NAME REQUESTS OPTION...
	local name=$1 requests=$2
	shift 2
	run_both -r "$requests" "$name" erl -noinput +S 4 +A 4 "$@" \
	    -pa "$work" -s work main
	same_output "$name"
}

try "Erlang" 1000
try "Erlang with malloc alone" 100000 +Mea min

plan
