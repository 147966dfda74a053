-- Every post is the start of another call, so that order per call never holds a delivery up.
local count = 0
local body = "event=newCall&direction=in&from=4921155667788&to=4921199887766&origCallId=4932215337270853042"
    .. "&user%5B%5D=Alice&user%5B%5D=Bob&userId%5B%5D=w0&userId%5B%5D=w1&fullUserId%5B%5D=1234567w0&fullUserId%5B%5D=1234567w1"
    .. "&xcid=abcdef0123456789&callId="
local run = os.time() % 100000
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

function request()
    count = count + 1
    return wrk.format("POST", nil, nil, body .. run .. string.format("%08d", count))
end
