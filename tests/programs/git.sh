#!/bin/bash
# git.sh: git under libkma: a repository with some hundred commits, most of
# them imported, then repacked with threads, checked, searched, cloned, merged
# and read back.
. "$(dirname "$0")/lib.sh"

begin
need_core git git
need_core perl perl

# 600 commits on two branches, in the format of git fast-import.
perl -e '
	my $seed = 88;
	sub rnd { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
	    return ($seed >> 8) % $_[0]; }
	my @files = map { "dir" . ($_ % 7) . "/file$_.txt" } 1 .. 60;
	my %text = map { $_ => [map { "line " . rnd(1e6) } 1 .. 400] } @files;
	for my $n (1 .. 600) {
		my $branch = $n % 5 ? "main" : "side";
		printf "commit refs/heads/%s\nmark :%d\n", $branch, $n;
		printf "committer A U Thor <a\@example.org> %d +0000\n",
		    1e9 + $n * 60;
		my $msg = "Change number $n\n";
		printf "data %d\n%s", length $msg, $msg;
		print "from :4\n" if $n == 5;
		for (1 .. $n == 1 ? 60 : 3) {
			my $f = $n == 1 ? $files[$_ - 1] : $files[rnd(60)];
			splice @{ $text{$f} }, rnd(300), rnd(4),
			    map { "changed $n " . rnd(1e6) } 0 .. rnd(6);
			my $all = join "", map { "$_\n" } @{ $text{$f} };
			printf "M 100644 inline %s\ndata %d\n%s\n", $f,
			    length $all, $all;
		}
	}
	print "done\n"' >"$work/stream"

export GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE="2000000000 +0000" GIT_COMMITTER_DATE="2000000000 +0000"
cat >"$HOME/.gitconfig" <<'END'
[init]
	defaultBranch = main
[pack]
	threads = 2
[index]
	threads = 2
[grep]
	threads = 2
[checkout]
	workers = 2
	thresholdForParallelism = 1
[gc]
	auto = 0
END

cat >"$work/work.sh" <<'END'
set -e
git init -q repo
cd repo
git fast-import --quiet <"$1"
git checkout -q main
git merge -q -m "Merge the side branch" -X ours side
for n in 1 2 3 4 5 6 7 8 9 10; do
	seq $n $((n * 2000)) >"seq$n"
	git add "seq$n"
	git commit -q -m "Sequence $n"
done
git repack -q -adf --window=60 --depth=60
git fsck --strict --full
git count-objects -v | grep -E '^(count|in-pack|packs|garbage)'
git rev-parse HEAD HEAD~3^{tree} side
git cat-file --batch-all-objects --batch-check
git log --all --patch --stat | git hash-object --stdin
git blame dir3/file3.txt | git hash-object --stdin
git grep -c 'changed 5.*9$' | git hash-object --stdin
git clone -q --no-local . ../clone
git -C ../clone log --format=%H%d --all
git -C ../clone diff --no-index ../repo/seq9 ../repo/seq10 |
    git hash-object --stdin
git rebase -q --onto HEAD~9 HEAD~2
git stash list
git gc -q --aggressive --prune=now
git fsck --full
git archive --format=tar HEAD | git hash-object --stdin
END

run_both -p 50 -r 100000 "git" bash "$work/work.sh" "$work/stream"
same_output "git"

# The figures of the repack itself, alone: threads that delta-compress.
run_both -p 1 -r 10000 "git repack" git -C repo repack -q -adf --window=100
run_both -p 1 -r 5000 "git fsck" git -C repo fsck --full --strict
run_both "git's object list" git -C repo cat-file --batch-all-objects \
    --batch-check="%(objectname) %(objecttype) %(objectsize)"
same_output "git's object list"

plan
