-- work.lua: what Lua programs do with memory: tables that grow, closures,
-- strings cut and joined, objects with a metatable, a queue of small tables.
-- usage: work.lua ROUNDS

local seed = 1988
local function rnd(n)
	seed = (seed * 16807) % 2147483647
	return seed % n
end

-- A sum over a string's bytes stands for a digest: Lua has none.
local function digest(text)
	local sum = 0
	for at = 1, #text, 61 do
		sum = (sum * 31 + text:byte(at)) % 2147483647
	end
	return string.format("%d %d", #text, sum)
end

local function tables()
	local by_key, list = {}, {}
	for n = 1, 60000 do
		local key = "key" .. rnd(20000)
		local entry = by_key[key]
		if entry == nil then
			entry = { key = key, list = {} }
			by_key[key] = entry
			list[#list + 1] = key
		end
		entry.list[#entry.list + 1] = n
		if n % 4 == 0 then
			by_key["key" .. rnd(20000)] = nil
		end
	end
	table.sort(list)
	local out = {}
	for _, key in ipairs(list) do
		if by_key[key] then
			out[#out + 1] = key .. "=" .. table.concat(by_key[key].list, " ")
		end
	end
	return table.concat(out, "\n")
end

local function texts()
	local parts = {}
	for n = 1, 20000 do
		parts[n] = string.format("%x-%s", rnd(1 << 20), ("w"):rep(rnd(30)))
	end
	local text = table.concat(parts, " ")
	local words = {}
	for word in text:gmatch("(%x+)%-w+") do
		words[#words + 1] = word:upper():reverse()
	end
	text = text:gsub("w+", function(run) return tostring(#run) end)
	return text .. table.concat(words, ",")
end

local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b)
	return setmetatable({ x = a.x + b.x, y = a.y + b.y }, Vector)
end

local function objects()
	local sum = setmetatable({ x = 0, y = 0 }, Vector)
	local keep = {}
	for n = 1, 120000 do
		local one = setmetatable({ x = rnd(9), y = rnd(7) }, Vector)
		keep[rnd(5000) + 1] = one
		sum = sum + one
	end
	return sum.x .. " " .. sum.y .. " " .. #keep
end

local function closures()
	local function counter(start)
		local value = start
		return function(step)
			value = value + step
			return value
		end
	end
	local all, total = {}, 0
	for n = 1, 60000 do
		all[n % 3000 + 1] = counter(n)
		local one = all[rnd(3000) + 1]
		if one then
			total = (total + one(rnd(10))) % 1000003
		end
	end
	return tostring(total)
end

local function queue()
	local items, head, tail, sum = {}, 1, 0, 0
	for n = 1, 100000 do
		tail = tail + 1
		items[tail] = { n, tostring(n), next = n % 7 }
		if rnd(10) > 3 then
			sum = (sum + items[head][1] + #items[head][2]) % 1000003
			items[head] = nil
			head = head + 1
		end
	end
	return sum .. " " .. tail - head
end

for _ = 1, tonumber(arg[1]) do
	print("tables", digest(tables()))
	print("texts", digest(texts()))
	print("objects", objects())
	print("closures", closures())
	print("queue", queue())
end
