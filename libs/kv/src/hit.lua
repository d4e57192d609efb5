-- Counts a hit on KEYS[1] if that keeps every limit. ARGV: count, window in microseconds, count, window, ...
-- Answers 0, or the microseconds until the same hit would be allowed.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait, longest = 0, 0
for i = 1, #ARGV, 2 do
  local count, window = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  longest = math.max(longest, window)
  if count == 0 then
    wait = math.max(wait, window)
  else
    -- With `count` hits inside the window there is room again when the oldest of the newest `count` leaves it.
    local blocking = redis.call('ZREVRANGE', KEYS[1], count - 1, count - 1, 'WITHSCORES')
    if blocking[2] then
      wait = math.max(wait, tonumber(blocking[2]) + window - now)
    end
  end
end
if wait > 0 then
  return wait
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest)
-- Two hits within one microsecond differ by the size of the set.
redis.call('ZADD', KEYS[1], now, string.format('%.0f-%d', now, redis.call('ZCARD', KEYS[1])))
redis.call('PEXPIRE', KEYS[1], math.ceil(longest / 1000))
return 0
