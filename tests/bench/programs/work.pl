# work.pl: what Perl programs do with memory: hashes of lists, strings that
# grow, regular expressions, sorting by a key, small objects.
# usage: work.pl ROUNDS

use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

# Our own generator: the same numbers in every release.
my $seed = 1988;

sub rnd {
    $seed = ($seed * 16807) % 2147483647;
    return $seed % $_[0];
}

sub hashes {
    my %h;
    for my $n (1 .. 60_000) {
        push @{ $h{ "key" . rnd(15_000) } }, $n;
        delete $h{ "key" . rnd(15_000) } if $n % 3 == 0;
    }
    return join ",", map { "$_=@{ $h{$_} }" } sort keys %h;
}

sub words {
    my (%count, @line);
    my $text = join " ", map { sprintf "%x", rnd(20_000) } 1 .. 60_000;
    while ($text =~ /\b([a-f]\w+)\b/g) {
        $count{$1}++;
        push @line, "$1:$count{$1}" if $count{$1} % 4 == 0;
    }
    (my $other = $text) =~ s/(\d)([a-f])/$2-$1/g;
    return join "\n", $other, @line, map { scalar reverse } split / /, $text;
}

sub sorting {
    my @list = map { [rnd(100_000), chr(97 + rnd(26)) x rnd(40)] } 1 .. 20_000;
    return join ",", map { "$_->[0]$_->[1]" }
        sort { $a->[1] cmp $b->[1] || $a->[0] <=> $b->[0] } @list;
}

package Shape;

sub new {
    my ($class, %with) = @_;
    return bless {%with}, $class;
}

sub area {
    my $self = shift;
    return $self->{width} * $self->{height};
}

package main;

sub objects {
    my ($sum, @keep) = (0);
    for my $n (1 .. 40_000) {
        $keep[ rnd(4000) ] = Shape->new(
            width => rnd(50), height => rnd(50),
            name => "shape $n", points => [ map { $_ * $n } 1 .. rnd(6) ]);
        my $one = $keep[ rnd(scalar @keep) ];
        $sum += $one->area if $one;
    }
    return $sum . join ",", map { $_ ? $_->{name} : "-" } @keep;
}

sub buffers {
    my @file = map { "line " x rnd(400) } 1 .. 500;
    for my $n (1 .. 6000) {
        my $at = rnd(scalar @file);
        $file[$at] .= "text $n;" x rnd(30);
        $file[$at] = substr $file[$at], rnd(100) if length $file[$at] > 4000;
    }
    return join "\n", @file;
}

for (1 .. shift) {
    print "hashes ", sha256_hex(hashes()), "\n";
    print "words ", sha256_hex(words()), "\n";
    print "sorting ", sha256_hex(sorting()), "\n";
    print "objects ", sha256_hex(objects()), "\n";
    print "buffers ", sha256_hex(buffers()), "\n";
}
