# shop.jq: what jq is asked about the shop's orders: groups, sums, sorting,
# strings, and a document rebuilt.
def total: [.lines[] | .count * .price] | add;

{
	cities: (group_by(.customer.city)
		| map({city: .[0].customer.city, orders: length,
			sum: (map(total) | add | floor)})
		| sort_by(-.sum)),
	articles: ([.[] | .lines[]] | group_by(.article)
		| map({article: .[0].article, count: (map(.count) | add)})),
	unpaid: [.[] | select(.paid | not)
		| "\(.day) \(.customer.name | ascii_upcase): \(.comment | length)"]
}
