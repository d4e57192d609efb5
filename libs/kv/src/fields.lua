-- The living fields of KEYS[1]: name, value, name, value, ... Dead ones are cleared away.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all, living = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local mark = string.find(all[i + 1], ':', 1, true)
  if tonumber(string.sub(all[i + 1], 1, mark - 1)) > now then
    living[#living + 1] = all[i]
    living[#living + 1] = string.sub(all[i + 1], mark + 1)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return living
