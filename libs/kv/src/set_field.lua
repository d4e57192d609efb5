-- Writes field ARGV[1] of KEYS[1]: value ARGV[2], to live ARGV[3] milliseconds. The end of its life stands before the value,
-- as the server of this version gives fields no life of their own; the key lives as long as its longest-lived field.
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:', ends) .. ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
