/*
 * heavy.cc: something for the compilers to chew on: templates, headers that
 * pull in most of the C++ library, and a program that says what it computed.
 */
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

template <unsigned N> struct fib {
	static constexpr unsigned long value =
	    fib<N - 1>::value + fib<N - 2>::value;
};
template <> struct fib<0> { static constexpr unsigned long value = 0; };
template <> struct fib<1> { static constexpr unsigned long value = 1; };

template <std::size_t... I>
constexpr auto table(std::index_sequence<I...>)
{
	return std::array<unsigned long, sizeof...(I)>{ fib<I>::value... };
}

struct shape {
	virtual ~shape() = default;
	virtual double area() const = 0;
};
template <int N> struct polygon : shape {
	double r;
	explicit polygon(double r) : r(r) {}
	double area() const override { return N * r * r / 2; }
};

template <typename... T> std::string join(T &&...t)
{
	std::ostringstream out;
	((out << std::setw(6) << t << ';'), ...);
	return out.str();
}

using value = std::variant<int, double, std::string, std::vector<int>>;

std::size_t weigh(const value &v)
{
	return std::visit([](const auto &x) -> std::size_t {
		using X = std::decay_t<decltype(x)>;
		if constexpr (std::is_arithmetic_v<X>)
			return static_cast<std::size_t>(x);
		else
			return x.size();
	}, v);
}

} // namespace

int main()
{
	constexpr auto t = table(std::make_index_sequence<60>());
	std::cout << join(t.back(), 1.5, "text") << '\n';

	std::vector<std::unique_ptr<shape>> shapes;
	for (int i = 0; i < 1000; i++) {
		shapes.push_back(std::make_unique<polygon<3>>(i));
		shapes.push_back(std::make_unique<polygon<7>>(i));
	}
	std::cout << std::accumulate(shapes.begin(), shapes.end(), 0.0,
	    [](double s, const auto &p) { return s + p->area(); }) << '\n';

	std::mt19937 rnd(1988);
	std::map<std::string, std::set<unsigned>> index;
	for (int i = 0; i < 20000; i++)
		index["k" + std::to_string(rnd() % 999)].insert(rnd() % 5000);
	std::size_t n = 0;
	std::regex even("k[0-9]*[02468]");
	for (const auto &[k, s] : index)
		if (std::regex_match(k, even))
			n += s.size();
	std::cout << n << '\n';

	std::vector<std::future<std::size_t>> team;
	for (int i = 0; i < 4; i++)
		team.push_back(std::async(std::launch::async, [i] {
			std::unordered_map<int, std::deque<value>> m;
			for (int j = 0; j < 5000; j++)
				m[j % 77].push_back(j % 2 ?
				    value(std::string(j % 50, 'x')) :
				    value(std::vector<int>(j % 30, i)));
			std::size_t w = 0;
			for (const auto &[k, d] : m)
				for (const auto &v : d)
					w += weigh(v);
			return w;
		}));
	for (auto &f : team)
		std::cout << f.get() << '\n';
	return 0;
}
