-- Every post is the start of another call of another caller, so that order per call never holds a delivery up.
local count = 0
local body = "event=newCall&direction=in&from=49211%08d&to=4921199887766&origCallId=%s"
    .. "&user%%5B%%5D=Alice&user%%5B%%5D=Bob&userId%%5B%%5D=w0&userId%%5B%%5D=w1&fullUserId%%5B%%5D=1234567w0&fullUserId%%5B%%5D=1234567w1"
    .. "&xcid=abcdef%s&callId=%s"
local run = os.time() % 100000
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

function request()
    count = count + 1
    local call = run .. string.format("%08d", count)
    return wrk.format("POST", nil, nil, string.format(body, count, call, call, call))
end
