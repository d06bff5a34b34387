# work.rb: what Ruby programs do with memory: objects, strings that grow,
# hashes, symbols, structs, blocks, scans.  usage: work.rb ROUNDS

require "digest"

$seed = 1988

def rnd(n)
  $seed = $seed * 16807 % 2147483647
  $seed % n
end

Point = Struct.new(:x, :y, :label)

class Account
  attr_reader :owner, :entries

  def initialize(owner)
    @owner = owner
    @entries = []
    @total = 0
    @limits = { day: 100, week: 500 }
  end

  def book(amount, text)
    @entries << [amount, text]
    @total += amount
  end

  def to_s
    "#{@owner}: #{@total} #{@entries.map { |a, t| "#{a} #{t}" }.join("; ")}"
  end
end

def accounts
  all = Hash.new { |hash, name| hash[name] = Account.new(name) }
  40_000.times do |n|
    all["owner #{rnd(4000)}"].book(rnd(500) - 200, "entry #{n}")
  end
  all.values.sort_by(&:owner).join("\n")
end

def strings
  lines = Array.new(6000) { "%x " % rnd(1 << 30) * rnd(20) }
  20_000.times do |n|
    line = lines[rnd(lines.size)]
    line << "more #{n}"
    line.slice!(0, 200) if line.size > 600
  end
  text = lines.join("\n")
  text.gsub(/([0-9a-f]{6,})/) { |word| word.upcase.reverse } +
    text.scan(/[a-f]\d+/).tally.sort.flatten.join(",")
end

def points
  list = Array.new(40_000) { |n| Point.new(rnd(100), rnd(100), "p#{n}") }
  groups = list.group_by { |p| [p.x / 10, p.y / 10] }
  groups.sort.map { |at, of| [at, of.map(&:label).join] }.flatten.join(" ")
end

def buffers
  keep = Array.new(300)
  8000.times do |n|
    keep[rnd(300)] = (n.to_s * (1 + rnd(800))).b
  end
  keep.compact.join
end

def chains
  (1..60_000).lazy.map { |n| [n, n.to_s] }.select { |n, s| s.size > n % 5 }
             .map { |n, s| { s => n } }.reject(&:empty?)
             .reduce(0) { |sum, h| (sum + h.values.first) % 1_000_003 }.to_s
end

ARGV[0].to_i.times do
  %i[accounts strings points buffers chains].each do |part|
    puts "#{part} #{Digest::SHA256.hexdigest(send(part))}"
  end
end
