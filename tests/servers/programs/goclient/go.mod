module keepaliveclient

go 1.19
