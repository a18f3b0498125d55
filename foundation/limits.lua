-- Counts groups of counters, each whole or not at all: 0 for a counted group, else the milliseconds until it may be
-- tried again. ARGV[1]: groups of [limit, seconds, cost]; KEYS: for each of these in turn the present window and the
-- one before, laid out and weighed as by the library `limits` (sliding window counter).
local answers, at = {}, 0
for g, group in ipairs(cjson.decode(ARGV[1])) do
    local wait = 0
    for c, counter in ipairs(group) do
        local current, previous = KEYS[2 * (at + c) - 1], KEYS[2 * (at + c)]
        local limit, expiry, cost = counter[1], counter[2] * 1000, counter[3]
        local left = redis.call('PTTL', current)
        if left > 0 and left < expiry then
            redis.call('RENAME', current, previous)
            redis.call('SET', current, 0, 'PX', left + expiry)
            left = left + expiry
        end
        local now = tonumber(redis.call('GET', current) or 0)
        local before = tonumber(redis.call('GET', previous) or 0)
        local fades = math.max(redis.call('PTTL', previous), 0)
        if math.floor(before * fades / expiry) + now + cost > limit then
            if now + cost > limit then
                wait = math.max(wait, left > 0 and left - expiry or expiry, 1)
            else
                wait = math.max(wait, fades - (limit - now - cost) * expiry / before, 1)
            end
        end
    end
    for c, counter in ipairs(wait == 0 and group or {}) do
        local current = KEYS[2 * (at + c) - 1]
        if redis.call('EXISTS', current) == 1 then
            redis.call('INCRBY', current, counter[3])
        else
            redis.call('SET', current, counter[3], 'PX', counter[2] * 2000)
        end
    end
    at, answers[g] = at + #group, math.ceil(wait)
end
return answers
