#!lua name=authhost

-- The state of an account: one hash, one function call a decision. Check everything, then write: an error half-way is not
-- rolled back. What it knows: counters and the rules that travel with the request. What it must not know: keys of messages,
-- the journal. The caller compares nothing: the fence and the server's identity are compared here.
--
-- The hash:  m          meta {fence, server, last_ms, next_reservation, open {reservation -> real ms}}
--            a          the account's counters        c<id> v<id> d<id>   a card's, a vehicle's, a driver's
--            p<id>      a card's PIN: {tries, forgiven}  wrong ones so far, and those of them that a right one is about to set back
-- Counters:  {day, money, volume, count,  week, money, volume, count,  month, money, volume, count,  money, volume, count}
--            a window's number first, then what was taken in it; the last three are for ever. Fifteen doubles in the
--            hash: exact up to 2^53, and a third of msgpack's price.

local OPEN_RESERVATION_MS = 60000
local SERVER_CHECK_MS = 100
local DAY, WEEK, MONTH, TOTAL = 1, 5, 9, 13
local COUNTERS = '<ddddddddddddddd'
local PIN = '<dd'
local PIN_RIGHT, PIN_WRONG = 1, 2

-- The server's libraries are not there yet while this file is loaded; from the first call on they are upvalues.
local floor, max, pack, unpack_message, struct_pack, struct_unpack
local function bind()
  floor, max, pack, unpack_message = math.floor, math.max, cmsgpack.pack, cmsgpack.unpack
  struct_pack, struct_unpack = struct.pack, struct.unpack
end

-- A promoted replica may lack reservations: its replication id differs from the one the state was installed under.
local server, server_checked_ms = nil, -1
local function server_id(real_ms)
  if not server or real_ms - server_checked_ms > SERVER_CHECK_MS or real_ms < server_checked_ms then
    server = tonumber(string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 12), 16)
    server_checked_ms = real_ms
  end
  return server
end

local function real_now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

-- Meta under this fence, or nil and why not: 'missing' wants a hydration, 'stale' a newer view.
local function open_meta(packed, fence, real_ms)
  if not packed then return nil, 'missing' end
  local meta = unpack_message(packed)
  if meta[1] > fence then return nil, 'stale' end
  if meta[1] < fence or meta[2] ~= server_id(real_ms) then return nil, 'missing' end
  for _, since_ms in pairs(meta[5]) do
    if real_ms - since_ms > OPEN_RESERVATION_MS then return nil, 'missing' end
  end
  return meta
end

-- Views are values: what was unpacked once stands for the same bytes again. Bounded: forgotten whole when there are too many.
local MOST_VIEWS = 20000
local views, view_count = {}, 0
local function open_view(packed)
  local view = views[packed]
  if not view then
    if view_count >= MOST_VIEWS then views, view_count = {}, 0 end
    view = unpack_message(packed)
    views[packed], view_count = view, view_count + 1
  end
  return view
end

local function read_counters(packed)
  return {struct_unpack(COUNTERS, packed)}
end

local function write_counters(counters)
  return struct_pack(COUNTERS, unpack(counters, 1, 15))
end

local function settle(meta, settled)
  for i = 1, #settled do meta[5][settled[i]] = nil end
end

-- Windows of an instant in the account's zone: numbers of the day (since 1970), of the week (from Monday), of the month.
local known_hour, known_day, known_week, known_month = -1, 0, 0, 0
local function windows(now_ms, offsets)
  local seconds = floor(now_ms / 1000)
  local offset = 0
  for i = 1, #offsets, 2 do
    if offsets[i] > seconds then break end
    offset = offsets[i + 1]
  end
  local hours = floor((seconds + offset) / 3600)
  if hours == known_hour then return known_day, known_week, known_month, hours % 24 end
  local day = floor(hours / 24)
  -- Month from a day number: the civil calendar counted from 1 March 0000.
  local z = day + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local march = floor((5 * doy + 2) / 153)
  local month = march < 10 and march + 3 or march - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  known_hour, known_day, known_week, known_month = hours, day, floor((day + 3) / 7), year * 12 + month - 1
  return day, known_week, known_month, hours % 24
end

local function roll(counters, slot, window)
  if counters[slot] < window then
    counters[slot], counters[slot + 1], counters[slot + 2], counters[slot + 3] = window, 0, 0, 0
  end
end

local function add(counters, slot, money, volume, count)
  counters[slot] = counters[slot] + money
  counters[slot + 1] = counters[slot + 1] + volume
  counters[slot + 2] = counters[slot + 2] + count
end

local function contains(list, value)
  for i = 1, #list do
    if list[i] == value then return true end
  end
  return false
end

-- What speaks against it apart from limits, the gravest first. view: see authhost/packing.py. pin: {tries, forgiven}, or nil.
-- Second result: whether the PIN was come to. Before it nothing is said of it, and nothing counted: no try is a question free.
local function refusals(view, ask, day, month, hour, pin)
  local why = {}
  if ask[7] ~= '' then why[#why + 1] = ask[7] end
  if view[2] ~= 'active' then why[#why + 1] = 'account_' .. view[2] end
  if view[3] ~= 'active' then why[#why + 1] = 'card_' .. view[3] end
  if view[4] > 0 and month > view[4] then why[#why + 1] = 'card_expired' end
  local pin_met = pin ~= nil and #why == 0
  if pin_met then
    local tries = pin[1] + (ask[11] == PIN_WRONG and 1 or 0)
    if tries >= view[13] then why[1] = 'pin_tries' elseif ask[11] == PIN_WRONG then why[1] = 'pin_wrong' end
  end
  if view[5] then
    for i = 1, #ask[5] do
      if not contains(view[5], ask[5][i]) then why[#why + 1] = 'product:' .. ask[5][i] break end
    end
  end
  if view[6] and not contains(view[6], ask[6]) then why[#why + 1] = 'site' end
  if view[7] then
    local mask = view[7][(day + 3) % 7 + 1]
    if floor(mask / 2 ^ hour) % 2 == 0 then why[#why + 1] = 'hours' end
  end
  return why, pin_met
end

-- A PIN's effect on its tries, written into `pin`: a wrong one counts now, a right one sets back when its row is there.
-- Beyond the limit nothing counts any more, and a right PIN does not open it.
local function try_pin(pin, limit, said)
  if pin[1] >= limit then return 0 end
  if said == PIN_WRONG then
    pin[1] = pin[1] + 1
    return 1
  end
  local forgives = pin[1] - pin[2]
  if forgives == 0 then return 0 end
  pin[2] = pin[1]
  return -forgives
end

-- The most that the limits let through, and the name of the one that binds; every broken one goes to `broken`.
-- Limits lie flat, four numbers each: scope, slot (0: this transaction), measure (1 money, 2 volume, 3 count), maximum.
local function allowance(view, states, money, volume, count, broken)
  local allowed, name = money, nil
  local limits, names = view[9], view[11]
  for i = 1, #limits, 4 do
    local slot, measure, left = limits[i + 1], limits[i + 2], limits[i + 3]
    if slot > 0 then left = left - states[limits[i]][slot] end
    local fits = money
    if measure == 1 then
      if money > left then fits = left end
    elseif measure == 2 then
      if volume > left then fits = (left > 0 and money > 0) and floor(money * left / volume) or -1 end
    elseif count > left then
      fits = -1
    end
    if fits < money or (measure > 1 and fits < 0) then
      local this = names[(i + 3) / 4]
      broken[#broken + 1] = this
      if fits < allowed then allowed, name = fits, this end
    end
  end
  return allowed, name
end

-- reserve {account} view ask -> status, reason, money, volume, count, decided_ms, fence, reservation, day, week, month, broken
--            pin_tries: +1 a wrong PIN, -n what a right one will set back
-- ask: {skew_ms, money, volume, count, products, site, refused, partial_ok, force, settled, pin}; pin: 0 none, 1 right, 2 wrong
local function reserve(keys, args)
  local view, ask = open_view(args[1]), unpack_message(args[2])
  local real_ms = real_now_ms()
  local fields = view[8]
  local pin_field = ask[11] > 0 and view[12] or nil
  local values
  if pin_field then
    values = redis.call('HMGET', keys[1], 'm', pin_field, unpack(fields))
  else
    values = redis.call('HMGET', keys[1], 'm', unpack(fields))
  end
  local fence = view[1]
  local meta, why = open_meta(values[1], fence, real_ms)
  if not meta then return pack({why, '', 0, 0, 0, real_ms, fence, 0, 0, 0, 0, {}}) end
  local states, absent, pin = {}, {}, nil
  if pin_field then
    local packed = table.remove(values, 2)
    if packed then pin = {struct_unpack(PIN, packed)} else absent[1] = pin_field end
  end
  for i = 1, #fields do
    if values[i + 1] then states[i] = read_counters(values[i + 1]) else absent[#absent + 1] = fields[i] end
  end
  if #absent > 0 then return pack({'fill', '', 0, 0, 0, real_ms, fence, 0, 0, 0, 0, absent}) end

  settle(meta, ask[10])
  -- No two tries in one millisecond: by it a host tells its own row from the same message's through another host.
  local now_ms = max(real_ms + ask[1], meta[3] + (pin and 1 or 0))
  local day, week, month, hour = windows(now_ms, view[10])
  for i = 1, #states do
    roll(states[i], DAY, day)
    roll(states[i], WEEK, week)
    roll(states[i], MONTH, month)
  end
  local money, volume, count, force = ask[2], ask[3], ask[4], ask[9]
  local broken, pin_met = refusals(view, ask, day, month, hour, pin)
  local status, reason = 'approved', 'approved'
  if #broken > 0 and not force then
    status, reason = 'declined', broken[1]
  else
    local allowed, name = allowance(view, states, money, volume, count, broken)
    if name and not force then
      if ask[8] and allowed > 0 then
        status, reason = 'partial', name
        volume = floor(volume * allowed / money)
        money = allowed
      else
        status, reason = 'declined', name
      end
    end
  end
  local pin_tries = pin_met and try_pin(pin, view[13], ask[11]) or 0
  if status == 'declined' and pin_tries == 0 then
    if #ask[10] > 0 then redis.call('HSET', keys[1], 'm', pack(meta)) end
    return pack({status, reason, 0, 0, 0, now_ms, fence, 0, day, week, month, {}, 0})
  end

  local reservation = meta[4]
  meta[3], meta[4] = now_ms, reservation + 1
  meta[5][reservation] = real_ms
  local writes = {'m', pack(meta)}
  if pin_tries ~= 0 then
    writes[3], writes[4] = pin_field, struct_pack(PIN, pin[1], pin[2])
  end
  if status == 'declined' then
    redis.call('HSET', keys[1], unpack(writes))
    return pack({status, reason, 0, 0, 0, now_ms, fence, reservation, day, week, month, {}, pin_tries})
  end
  for i = 1, #states do
    add(states[i], DAY + 1, money, volume, count)
    add(states[i], WEEK + 1, money, volume, count)
    add(states[i], MONTH + 1, money, volume, count)
    add(states[i], TOTAL, money, volume, count)
    writes[#writes + 1] = fields[i]
    writes[#writes + 1] = write_counters(states[i])
  end
  redis.call('HSET', keys[1], unpack(writes))
  return pack({status, reason, money, volume, count, now_ms, fence, reservation, day, week, month, broken, pin_tries})
end

-- install {account} fence counters -> 1, or 0 where a state of that fence or a newer one stands on this server.
local function install(keys, args)
  local fence = tonumber(args[1])
  local real_ms = real_now_ms()
  local packed = redis.call('HGET', keys[1], 'm')
  if packed then
    local meta = unpack_message(packed)
    if meta[1] >= fence then return 0 end
  end
  redis.call('DEL', keys[1])
  redis.call('HSET', keys[1], 'm', pack({fence, server_id(real_ms), 0, 1, {}}), 'a', args[2])
  return 1
end

-- fill {account} fence field counters ... -> 1; sets what is still absent, under the same fence alone.
local function fill(keys, args)
  local meta = open_meta(redis.call('HGET', keys[1], 'm'), tonumber(args[1]), real_now_ms())
  if not meta then return 0 end
  for i = 2, #args, 2 do redis.call('HSETNX', keys[1], args[i], args[i + 1]) end
  return 1
end

-- give_back {account} tell -> 'done', 'gone' (another fence: the next sum has it), or 'fill' and the fields that are absent.
-- tell: {fence, settled, fields, day, week, month, money, volume, count, pin_field, tries, forgiven}; what is given back is positive.
local function give_back(keys, args)
  local tell = unpack_message(args[1])
  local fields = tell[3]
  local values = redis.call('HMGET', keys[1], 'm', unpack(fields))
  local meta = open_meta(values[1], tell[1], real_now_ms())
  if not meta then return pack({'gone', {}}) end
  local absent = {}
  for i = 1, #fields do
    if not values[i + 1] then absent[#absent + 1] = fields[i] end
  end
  if #absent > 0 then return pack({'fill', absent}) end
  local pin = tell[10] ~= '' and redis.call('HGET', keys[1], tell[10])
  settle(meta, tell[2])
  local writes = {'m', pack(meta)}
  if pin then
    local tries, forgiven = struct_unpack(PIN, pin)
    writes[3], writes[4] = tell[10], struct_pack(PIN, max(tries - tell[11], 0), max(forgiven - tell[12], 0))
  end
  for i = 1, #fields do
    local counters = read_counters(values[i + 1])
    local money, volume, count = -tell[7], -tell[8], -tell[9]
    if counters[DAY] == tell[4] then add(counters, DAY + 1, money, volume, count) end
    if counters[WEEK] == tell[5] then add(counters, WEEK + 1, money, volume, count) end
    if counters[MONTH] == tell[6] then add(counters, MONTH + 1, money, volume, count) end
    add(counters, TOTAL, money, volume, count)
    writes[#writes + 1] = fields[i]
    writes[#writes + 1] = write_counters(counters)
  end
  redis.call('HSET', keys[1], unpack(writes))
  return pack({'done', {}})
end

-- settled {account} fence reservations -> 1: these reservations have their row.
local function settled(keys, args)
  local packed = redis.call('HGET', keys[1], 'm')
  if not packed then return 0 end
  local meta = unpack_message(packed)
  if meta[1] ~= tonumber(args[1]) then return 0 end
  settle(meta, unpack_message(args[2]))
  redis.call('HSET', keys[1], 'm', pack(meta))
  return 1
end

local function register(name, body)
  redis.register_function(name, function(keys, args)
    if not floor then bind() end
    return body(keys, args)
  end)
end

register('authhost_reserve', reserve)
register('authhost_install', install)
register('authhost_fill', fill)
register('authhost_give_back', give_back)
register('authhost_settled', settled)
