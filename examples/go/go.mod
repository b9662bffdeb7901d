module everflame.test/shop

go 1.25.0

require github.com/everflame/everflame/agents/go v0.0.0

replace github.com/everflame/everflame/agents/go => ../../agents/go
