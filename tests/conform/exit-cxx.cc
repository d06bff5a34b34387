// exit-cxx - C++ thread_local objects and static objects whose destructors
// allocate, in threads and after main.

#include "tap.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> destroyed;

static void
churn()
{
	std::map<std::string, std::vector<int>> m;

	for (int i = 0; i < 100; i++)
		m[std::to_string(i) + std::string(50, 'x')].resize(
		    (size_t)i * 10);
	if (m.size() != 100)
		_exit(89);
}

struct inner {
	std::string s = std::string(1000, 'i');
	~inner() { churn(); destroyed++; }
	void touch() { s += 'x'; }
};

static inner &
late()
{
	static thread_local inner i;
	return (i);
}

struct outer {
	std::vector<std::string> v;
	std::unique_ptr<char[]> p{new char[70000]};

	// Makes another thread_local object while this one is destroyed.
	~outer()
	{
		v.resize(200);
		late().touch();
		churn();
		destroyed++;
	}
};

static thread_local outer o;

struct global {
	std::vector<std::string> v{100, std::string(300, 'g')};
	~global()
	{
		for (int i = 0; i < 1000; i++)
			v.push_back(std::string((size_t)i, 'h'));
		churn();
		if (getenv("KMA_TEST_GLOBAL") != nullptr)
			_exit(v.size() == 1100 ? 42 : 88);
	}
};

static global g;

int
main(int argc, char **argv)
{
	int status;

	tap_begin(argv, 60);
	o.v.push_back("main");
	if (argc > 1)
		return (0);
	destroyed = 0;
	for (int round = 0; round < 10; round++) {
		std::vector<std::thread> t;

		for (int i = 0; i < 20; i++)
			t.emplace_back([] {
				o.v.push_back(std::string(500, 't'));
				churn();
			});
		for (auto &x : t)
			x.join();
	}
	ok(destroyed == 400, "thread_local objects in 200 threads: %d of 400",
	    destroyed.load());
	setenv("KMA_TEST_GLOBAL", "1", 1);
	status = tap_run_self("child", nullptr);
	unsetenv("KMA_TEST_GLOBAL");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 42,
	    "static objects after main");
	return (tap_end());
}
