-- The state of an account: one hash, one function call a decision. Check everything, then write: an error half-way is not
-- rolled back. What it knows: counters and the rules that travel with the request. What it must not know: keys of messages,
-- the journal. The caller compares nothing: the fence and the server's identity are compared here.
--
-- The hash:  m          meta {fence, server, last_ms, next_reservation, open {reservation -> real ms}}
--            a          the account's counters        b<id> c<id> v<id> d<id> s<id>   a sub-account's, card's, vehicle's, driver's, the
--                       account's at a site
--            p<id>      a card's PIN: {tries, forgiven}  wrong ones so far, and those of them that a right one is about to set back

local OPEN_RESERVATION_MS = 60000
local SERVER_CHECK_MS = 100
local MOST_AHEAD_MS = 3600000
local PIN = '<dd'
local PIN_RIGHT, PIN_WRONG = 1, 2
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

local function set_of(list)
  if not list then return nil end
  local set = {}
  for i = 1, #list do set[list[i]] = true end
  return set
end

-- Views are values: what was unpacked once stands for the same bytes again. Bounded: forgotten whole when there are too many.
local MOST_VIEW_BYTES = 2 ^ 24  -- packed: open they are about ten times that
local views, view_bytes = {}, 0
local function open_view(packed)
  local view = views[packed]
  if not view then
    if view_bytes >= MOST_VIEW_BYTES then views, view_bytes = {}, 0 end
    view = unpack_message(packed)
    view[5], view[6] = set_of(view[5]), set_of(view[6])
    view.wanted, view.hints = {'m', unpack(view[8])}, {}
    for i = 1, #view[8] do
      if view[8][i] == 's' then view.at_site = i + 1 end
    end
    views[packed], view_bytes = view, view_bytes + #packed
  end
  return view
end

local function settle(meta, settled)
  for i = 1, #settled do meta[5][settled[i]] = nil end
end

local function at_hour(masks, day, hour)
  return floor(masks[(day + 3) % 7 + 1] / 2 ^ hour) % 2 == 1
end

-- What speaks against it apart from limits, the gravest first. view: see authhost/packing.py. pin: {tries, forgiven}, or nil.
-- Second result: whether the PIN was come to. Before it nothing is said of it, and nothing counted: no try is a question free.
local function refusals(view, ask, w, hour, pin)
  local why = {}
  if ask[7] ~= '' then why[#why + 1] = ask[7] end
  if view[2] ~= 'active' then why[#why + 1] = 'account_' .. view[2] end
  if view[3] ~= 'active' then why[#why + 1] = 'card_' .. view[3] end
  if view[4] > 0 and w[MONTH] > view[4] then why[#why + 1] = 'card_expired' end
  local pin_met = pin ~= nil and #why == 0
  if pin_met then
    local tries = pin[1] + (ask[11] == PIN_WRONG and 1 or 0)
    if tries >= view[13] then why[1] = 'pin_tries' elseif ask[11] == PIN_WRONG then why[1] = 'pin_wrong' end
  end
  for i = 1, #view[15] do why[#why + 1] = view[15][i] end
  local second = view[16]
  if second then
    if second[1] ~= 'active' then why[#why + 1] = 'second_card_' .. second[1] end
    if w[MONTH] > second[2] then why[#why + 1] = 'second_card_expired' end
  end
  if view[5] then
    for i = 1, #ask[5] do
      if not view[5][ask[5][i]] then why[#why + 1] = 'product:' .. ask[5][i] break end
    end
  end
  if view[6] and not view[6][ask[6]] then why[#why + 1] = 'site' end
  if view[7] and not at_hour(view[7], w[DAY], hour) then why[#why + 1] = 'hours' end
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

-- What the call reads: meta, counters by field, the PIN's tries, the meter's field where a reading came. Or nil and its answer.
local function read_state(key, view, ask, fence, real_ms)
  local fields, wanted = view[8], view.wanted
  if view.at_site or ask[11] > 0 or ask[16] >= 0 or ask[17] >= 0 then
    wanted = {'m', unpack(fields)}
    if view.at_site then wanted[view.at_site] = 's' .. ask[6] end
  end
  local pin_at, meter_at, meter = nil, nil, nil
  if ask[11] > 0 and view[12] ~= '' then
    pin_at = #wanted + 1
    wanted[pin_at] = view[12]
  end
  if (ask[16] >= 0 or ask[17] >= 0) and view[17] ~= '' then
    for i = 2, #fields + 1 do
      if wanted[i] == view[17] then meter = i - 1 end
    end
    if not meter then
      meter_at = #wanted + 1
      wanted[meter_at] = view[17]
    end
  end
  local values = redis.call('HMGET', key, unpack(wanted))
  local meta, why = open_meta(values[1], fence, real_ms)
  if not meta then return nil, {why, '', 0, 0, 0, real_ms, fence, 0, 0, 0, 0, {}} end
  local absent = {}
  for i = 2, #wanted do
    if not values[i] then absent[#absent + 1] = wanted[i] end
  end
  if #absent > 0 then return nil, {'fill', '', 0, 0, 0, real_ms, fence, 0, 0, 0, 0, absent} end
  local state = {meta = meta, names = wanted, slots = {}, count = #fields}
  for i = 1, #fields do state.slots[i] = open_slots(values[i + 1]) end
  if pin_at then state.pin = {struct_unpack(PIN, values[pin_at])} end
  if meter_at then
    meter = #fields + 1
    state.names[meter + 1], state.slots[meter], state.count = view[17], open_slots(values[meter_at]), meter
  end
  state.meter = meter and state.slots[meter]
  return state
end

-- What is said of an ask that counts nothing.
local function said(status, reason, now_ms, fence, reservation, w, minute, pin_tries, lefts)
  return pack({status, reason, 0, 0, 0, now_ms, fence, reservation, w[DAY], w[WEEK], w[MONTH], {}, pin_tries, minute, lefts})
end

-- reserve {account} view ask -> status, reason, money, volume, count, decided_ms, fence, reservation, day, week, month, broken,
--            pin_tries (+1 a wrong PIN, -n what a right one will set back), minute, what is left of each limit after it (where asked)
-- ask: {skew_ms, money, volume, count, products, site, refused, partial_ok, force, settled, pin (0 none, 1 right, 2 wrong),
--       money, volume and count of each group of the view, shares of each product, volume_open, rest wanted, odometer, engine hours (-1 none)}
local function reserve(keys, args)
  local view, ask = open_view(args[1]), unpack_message(args[2])
  local real_ms = real_now_ms()
  local fence, force = view[1], ask[9]
  local state, answer = read_state(keys[1], view, ask, fence, real_ms)
  if not state then return pack(answer) end
  local meta, pin, states = state.meta, state.pin, state.slots

  settle(meta, ask[10])
  -- No two tries in one millisecond: by it a host tells its own row from the same message's through another host.
  local now_ms = max(real_ms + ask[1], meta[3] + (pin and 1 or 0))
  local w, hour, minute = windows(now_ms, view[10])
  local values, places, present = open_counters(view, states, w, minute)
  local amounts, watched = {ask[2], ask[3], ask[4], unpack(ask[12])}, {}
  local broken, pin_met = refusals(view, ask, w, hour, pin)
  if state.meter then
    local steps = view[18]
    check_meter(state.meter, ODOMETER, ask[16], steps[1], steps[2], 'odometer', broken, watched)
    check_meter(state.meter, ENGINE_HOURS, ask[17], steps[3], steps[4], 'engine_hours', broken, watched)
  end
  local status, reason = 'approved', 'approved'
  local declined = #broken > 0 and not force
  local allowed, most_volume, name, lefts = allowance(view, values, amounts, ask[14] and not force, broken, watched)
  if declined then
    status, reason = 'declined', broken[1]
  elseif name and not force then
    if ask[8] and allowed > 0 then
      status, reason = 'partial', name
      if ask[14] then
        amounts[1] = allowed
        for i = 4, #amounts, 3 do amounts[i] = min(amounts[i], allowed) end
      else
        scale(amounts, ask[13], allowed)
      end
    else
      status, reason = 'declined', name
    end
  end
  local pin_tries = pin_met and try_pin(pin, view[13], ask[11]) or 0
  if not ask[15] then lefts = {} end
  if status == 'declined' and pin_tries == 0 then
    if #ask[10] > 0 then redis.call('HSET', keys[1], 'm', pack(meta)) end
    return said(status, reason, now_ms, fence, 0, w, minute, 0, lefts)
  end

  local reservation = meta[4]
  meta[3], meta[4] = now_ms, reservation + 1
  meta[5][reservation] = real_ms
  local writes = {'m', pack(meta)}
  if pin_tries ~= 0 then
    writes[3], writes[4] = view[12], struct_pack(PIN, pin[1], pin[2])
  end
  if status == 'declined' then
    redis.call('HSET', keys[1], unpack(writes))
    return said(status, reason, now_ms, fence, reservation, w, minute, pin_tries, lefts)
  end
  if ask[14] and most_volume < amounts[2] then
    -- The hold is good for so many litres, whatever product it turns into.
    amounts[2] = most_volume
    for i = 4, #amounts, 3 do amounts[i + 1] = min(amounts[i + 1], most_volume) end
  end
  count_amounts(view, states, places, present, amounts)
  if state.meter then
    if ask[16] >= 0 then note_reading(state.meter, ODOMETER, minute, ask[16]) end
    if ask[17] >= 0 then note_reading(state.meter, ENGINE_HOURS, minute, ask[17]) end
  end
  if view[19] and not at_hour(view[19], w[DAY], hour) then watched[#watched + 1] = 'watch:hours' end
  for i = 1, #watched do broken[#broken + 1] = watched[i] end
  for i = 1, #lefts do
    local at = (i - 1) * 5
    local amount = amounts[view[9][at + 3] * 3 + view[9][at + 2]]
    if view[9][at + 1] > 0 then lefts[i] = lefts[i] - amount end
  end
  for i = 1, state.count do
    writes[#writes + 1] = state.names[i + 1]
    writes[#writes + 1] = close_slots(states[i])
  end
  redis.call('HSET', keys[1], unpack(writes))
  return pack({status, reason, amounts[1], amounts[2], amounts[3], now_ms, fence, reservation, w[DAY], w[WEEK], w[MONTH], broken, pin_tries,
               minute, lefts})
end

-- install {account} fence counters last_minute -> 1, or 0 where a state of that fence or a newer one stands on this server. What was counted
-- in a minute that is yet to come here was counted by another clock: time goes on from there. A clock that was ahead by more was wrong.
local function install(keys, args)
  local fence = tonumber(args[1])
  local real_ms = real_now_ms()
  local packed = redis.call('HGET', keys[1], 'm')
  if packed then
    local meta = unpack_message(packed)
    if meta[1] >= fence then return 0 end
  end
  redis.call('UNLINK', keys[1])
  local last_ms = (tonumber(args[3]) or 0) * 60000
  if last_ms - real_ms > MOST_AHEAD_MS then last_ms = 0 end
  redis.call('HSET', keys[1], 'm', pack({fence, server_id(real_ms), last_ms, 1, {}}), 'a', args[2])
  return 1
end

-- fill {account} fence field counters ... -> 1; sets what is still absent, under the same fence alone.
local function fill(keys, args)
  local meta = open_meta(redis.call('HGET', keys[1], 'm'), tonumber(args[1]), real_now_ms())
  if not meta then return 0 end
  for i = 2, #args, 2 do redis.call('HSETNX', keys[1], args[i], args[i + 1]) end
  return 1
end

-- give_back {account} tell -> 'done', 'gone' (a newer fence: its sum has it), 'early' (an older one or none: the next sum has it, unless one of
-- this very fence is on its way), or 'fill' and the fields that are absent.
-- tell: {fence, settled, fields, day, week, month, money, volume, count, pin_field, tries, forgiven, minute, groups, meter_field, readings};
-- what is given back is positive. groups: {number, money, volume, count, ...}.
local function give_back(keys, args)
  local tell = unpack_message(args[1])
  local fields = tell[3]
  local values = redis.call('HMGET', keys[1], 'm', unpack(fields))
  local meta, why = open_meta(values[1], tell[1], real_now_ms())
  if not meta then return pack({why == 'stale' and 'gone' or 'early', {}}) end
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
  local w = {tell[4], tell[5], tell[6], floor(tell[6] / 3), floor(tell[6] / 12), 0, 0}
  local amounts, groups = {tell[7], tell[8], tell[9]}, {}
  for i = 1, #tell[14], 4 do
    groups[tell[14][i]] = {tell[14][i + 1], tell[14][i + 2], tell[14][i + 3]}
  end
  for i = 1, #fields do
    local slots = open_slots(values[i + 1])
    take_off(slots, SHARED[string.sub(fields[i], 1, 1)], w, tell[13], amounts, groups)
    if fields[i] == tell[15] then change_readings(slots, tell[13], tell[16]) end
    writes[#writes + 1] = fields[i]
    writes[#writes + 1] = close_slots(slots)
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
