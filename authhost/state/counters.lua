#!lua name=authhost

-- Counters, windows and limits: what a field of an account's hash holds and what the rules of a view make of it. Knows no key and calls
-- nothing. The second file of this library, functions.lua, is what the host calls.
--
-- Counters:  {code, window, value} each, 16 bytes, those alone that a limit needs and that are not zero. The code says kind of window,
--            measure, product group and reach (authhost/counters.py); a rolling window has a slot a bucket. A meter's reading is a slot
--            too: its window is the minute, its value what it showed.

local DAY, WEEK, MONTH, QUARTER, YEAR, TOTAL, BALANCE, ROLLING = 1, 2, 3, 4, 5, 6, 7, 8
local ODOMETER, ENGINE_HOURS = 36, 40
local METERS_KEPT = 4
local REACHES = 44641
local SHARED = {a = true, b = true, s = true}

-- The server's libraries are not there yet while this file is loaded; from the first call on they are upvalues.
local floor, max, min, pack, unpack_message, struct_pack, struct_unpack
local function bind()
  floor, max, min, pack, unpack_message = math.floor, math.max, math.min, cmsgpack.pack, cmsgpack.unpack
  struct_pack, struct_unpack = struct.pack, struct.unpack
end

-- The format of so many slots.
local formats = {}
local function format_of(count)
  local known = formats[count]
  if not known then
    known = '<' .. string.rep('I4I4d', count)
    formats[count] = known
  end
  return known
end

local function open_slots(packed)
  local count = #packed / 16
  local slots = {struct_unpack(format_of(count), packed)}
  slots[count * 3 + 1] = nil  -- where the next value would begin
  return slots
end

local function close_slots(slots)
  return struct_pack(format_of(#slots / 3), unpack(slots))
end

-- Windows of an instant in the account's zone, by kind: the day since 1970, the week from Monday, the month, quarter, year. Then the hour
-- of the day and the minute of UTC.
local known_hour, known = -1, nil
local function windows(now_ms, offsets)
  local seconds = floor(now_ms / 1000)
  local offset = 0
  for i = 1, #offsets, 2 do
    if offsets[i] > seconds then break end
    offset = offsets[i + 1]
  end
  local minute = floor(seconds / 60)
  local hours = floor((seconds + offset) / 3600)
  if hours == known_hour then return known, hours % 24, minute end
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
  local months = year * 12 + month - 1
  known_hour, known = hours, {day, floor((day + 3) / 7), months, floor(months / 3), year, 0, 0}
  return known, hours % 24, minute
end

-- The last reading of a meter, or nil.
local function last_reading(slots, code)
  local at
  for j = 1, #slots, 3 do
    if slots[j] == code and (not at or slots[j + 1] > slots[at + 1]) then at = j end
  end
  return at and slots[at + 2]
end

-- A reading must be a step from the one before it: neither too small nor too large. Without such a rule one that goes back is watched.
local function check_meter(slots, code, shown, least, most, name, why, watched)
  local last = shown >= 0 and last_reading(slots, code)
  if not last then return end
  local step = shown - last
  if least < 0 and most < 0 then
    if step < 0 then watched[#watched + 1] = 'watch:' .. name end
  elseif step < max(least, 0) or (most >= 0 and step > most) then
    why[#why + 1] = 'prompt_wrong:' .. name
  end
end

local function note_reading(slots, code, minute, shown)
  local count, oldest = 0, nil
  for j = 1, #slots, 3 do
    if slots[j] == code then
      if slots[j + 1] == minute then slots[j + 2] = max(slots[j + 2], shown) return end  -- as the journal's sum has it
      count = count + 1
      if not oldest or slots[j + 1] < slots[oldest + 1] then oldest = j end
    end
  end
  local at = count < METERS_KEPT and #slots + 1 or oldest
  slots[at], slots[at + 1], slots[at + 2] = code, minute, shown
end

-- What stands in each counter of the view now: its value, the place of its present slot (or one that may be had), its window.
-- Counters lie flat, seven numbers each: field, code, kind, span, before, measure, group.
local function open_counters(view, states, w, minute)
  local counters, hints = view[14], view.hints
  local values, places, present = {}, {}, {}
  local n = 0
  for i = 1, #counters, 7 do
    n = n + 1
    local slots, code, kind = states[counters[i]], counters[i + 1], counters[i + 2]
    local value, place = 0, nil
    if kind == ROLLING then
      local window = floor(minute / counters[i + 3])
      local first = window - counters[i + 4]
      for j = 1, #slots, 3 do
        if slots[j] == code then
          local bucket = slots[j + 1]
          if bucket >= first then
            value = value + slots[j + 2]
            if bucket == window then place = j end
          elseif not place then
            place = j
          end
        end
      end
      present[n] = window
    else
      present[n] = w[kind]
      -- Where it lay the last time that this view was asked, it most often still lies.
      place = hints[n]
      if not place or slots[place] ~= code then
        place = nil
        for j = 1, #slots, 3 do
          if slots[j] == code then
            place, hints[n] = j, j
            break
          end
        end
      end
      if place and slots[place + 1] == w[kind] then value = slots[place + 2] end
    end
    values[n], places[n] = value, place
  end
  return values, places, present
end

-- Count the amounts {money, volume, count of everything, then of each group} where the view's limits look for them.
local function count_amounts(view, states, places, present, amounts)
  local counters = view[14]
  local n = 0
  for i = 1, #counters, 7 do
    n = n + 1
    local amount = amounts[counters[i + 6] * 3 + counters[i + 5]]
    if amount ~= 0 then
      local slots, place = states[counters[i]], places[n]
      if place and slots[place + 1] == present[n] then
        slots[place + 2] = slots[place + 2] + amount
      else
        place = place or #slots + 1
        slots[place], slots[place + 1], slots[place + 2] = counters[i + 1], present[n], amount
      end
    end
  end
end

-- The most money and volume that the limits let through, the name of the one that binds, and what is left in each (before this message);
-- every broken one goes to `broken`, a watched one to `watched`. Limits lie flat, five numbers each: counter (0: this transaction),
-- measure, group, maximum, watched. The volume of an open hold is cut down by itself, all else by its share.
local function allowance(view, values, amounts, volume_open, broken, watched)
  local money = amounts[1]
  local allowed, most_volume, name = money, amounts[2], nil
  local limits, names, lefts = view[9], view[11], {}
  local n = 0
  for i = 1, #limits, 5 do
    n = n + 1
    local measure, at, left = limits[i + 1], limits[i + 2] * 3, limits[i + 3]
    if limits[i] > 0 then left = left - values[limits[i]] end
    lefts[n] = left
    local asked = amounts[at + measure]
    local concerned = at == 0 or amounts[at + 3] ~= 0 or amounts[at + 1] ~= 0 or amounts[at + 2] ~= 0
    -- What asks nothing of a limit does not break it, however far an advice has passed it.
    if concerned and asked > left and asked > 0 then
      if limits[i + 4] == 1 then
        -- Of an open hold nobody knows yet how much it will be.
        if not (volume_open and measure == 2) then watched[#watched + 1] = 'watch:' .. names[n] end
      elseif measure == 2 and volume_open and left > 0 then
        if left < most_volume then most_volume = left end
      else
        local fits = -1
        if measure == 1 and asked == money then
          fits = left
        elseif measure < 3 and left > 0 and money > 0 then
          fits = floor(money * left / asked)
        end
        broken[#broken + 1] = names[n]
        if fits < allowed then allowed, name = fits, names[n] end
      end
    end
  end
  return allowed, most_volume, name, lefts
end

-- The amounts of a part of the money: each product's share rounded down. parts: {money, volume, group, ...} a product.
local function scale(amounts, parts, allowed)
  local money = amounts[1]
  amounts[1], amounts[2] = allowed, floor(amounts[2] * allowed / money)
  for i = 4, #amounts, 3 do amounts[i], amounts[i + 1] = 0, 0 end
  for i = 1, #parts do
    local part = parts[i]
    for j = 3, #part do
      local at = part[j] * 3
      amounts[at + 1] = amounts[at + 1] + floor(part[1] * allowed / money)
      amounts[at + 2] = amounts[at + 2] + floor(part[2] * allowed / money)
    end
  end
end

-- Take what is given back off the slots of its own windows; what was taken in a window that is over counts no more anyway.
-- amounts: {money, volume, count}, then the same by group number.
local function take_off(slots, shared, w, minute, amounts, groups)
  for j = 1, #slots, 3 do
    local code = slots[j]
    local measure, kind, rest = code % 4, floor(code / 4) % 16, floor(code / 64)
    local group, reach = floor(rest / REACHES), rest % REACHES
    local window = w[kind]
    if kind == ROLLING then
      -- See span_of in authhost/counters.py.
      local span = shared and 60 * math.ceil(reach / 1440) or math.ceil(reach / 24)
      window = floor(minute / span)
    end
    local of = group == 0 and amounts or groups[group]
    if kind <= ROLLING and of and slots[j + 1] == window then slots[j + 2] = slots[j + 2] - of[measure] end
  end
end

-- readings: {code, shown, and 1 where it stands from now on or 0 where it is gone} of that minute.
local function change_readings(slots, minute, readings)
  for i = 1, #readings, 3 do
    local code, shown = readings[i], readings[i + 1]
    if readings[i + 2] == 1 then
      note_reading(slots, code, minute, shown)
    else
      for j = #slots - 2, 1, -3 do
        if slots[j] == code and slots[j + 1] == minute and slots[j + 2] == shown then
          for _ = 1, 3 do table.remove(slots, j) end
        end
      end
    end
  end
end

