#!/bin/bash
# perl.sh: perl under libkma: hashes, growing strings, regular expressions,
# sorting, interpreter threads, pipes to children and many forks. With
# KMA_TEST_SLOW=k a k-th part of the work.
. "$(dirname "$0")/lib.sh"

begin
need_core perl perl

cat >"$work/work.pl" <<'END'
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use List::Util qw(shuffle sum);
use Storable qw(dclone freeze thaw);

my $less = $ENV{KMA_TEST_SLOW} || 1;

# Our own generator: the same numbers in every process and release.
my $seed = 1988;
sub rnd { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
    return ($seed >> 8) % $_[0]; }
sub say_it { my ($name, $text) = @_; print "$name ", sha256_hex($text), "\n" }

sub hashes {
    my %h;
    for my $n (1 .. 200_000 / $less) {
        my $k = "key" . rnd(50_000);
        push @{ $h{$k} }, $n;
        delete $h{ "key" . rnd(50_000) } if $n % 3 == 0;
    }
    say_it("hashes", join ",", map { "$_=@{$h{$_}}" } sort keys %h);
}

sub strings {
    my ($s, @parts) = ("");
    for my $n (1 .. 200_000 / $less) { $s .= "x" x rnd(20) . $n; }
    @parts = split /x+/, $s;
    (my $t = $s) =~ s/(\d+)x/<$1>/g;
    my $rev = reverse $t;
    say_it("strings", "@parts" . $rev . join "", ($s =~ /x{10,}(\d\d)/g));
    my @big = map { "y" x (rnd(300) * 1024) } 1 .. 200 / $less;
    $_ .= "z" x 5000 for @big;
    say_it("big", join "", @big);
}

sub sorting {
    my @l = map { sprintf "%s-%d", chr(97 + rnd(26)) x rnd(40), rnd(1e6) }
        1 .. 60_000 / $less;
    my @s = map { $_->[1] } sort { $a->[0] <=> $b->[0] || $a->[1] cmp $b->[1] }
        map { [length, $_] } @l;
    say_it("sorting", join "\n", @s);
    my $tree = { map { $_ => { list => [map { rnd(9) } 1 .. 20] } } 1 .. 2000 };
    my $copy = thaw(freeze(dclone($tree)));
    say_it("trees", join ",",
        map { "@{ $copy->{$_}{list} }" } sort keys %$copy);
}

sub threading {
    unless (eval { require threads; 1 }) { print "no threads\n"; return }
    my @team = map { my $id = $_; threads->create(sub {
        my %own;
        $own{ $_ % 997 } .= "$id.$_," for 1 .. 20_000 / $less;
        sha256_hex(join "", map { $own{$_} } sort keys %own);
    }) } 1 .. 6;
    say_it("threads", join ",", map { $_->join } @team);
}

sub children {
    my @out;
    for my $n (1 .. 20) {
        open my $p, "-|", $^X, "-e", "print sum => $n * 7" or die;
        push @out, <$p>;
        close $p or die "child failed: $?";
    }
    for my $n (1 .. 100) {
        my $pid = fork // die;
        if (!$pid) { my @l = map { "a" x $_ } 1 .. 500; exit @l % 100 }
        waitpid $pid, 0;
        push @out, $? >> 8;
    }
    say_it("children", "@out");
}

hashes(); strings(); sorting(); threading(); children();
END

run_both -p 100 -r $((1000000 / ${KMA_TEST_SLOW:-1})) "perl" perl "$work/work.pl"
same_output "perl"

plan
