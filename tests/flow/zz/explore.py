import copy, functools, re
from datetime import timedelta, datetime, UTC
from sandbox.tenant import seed, examples
from sandbox.tenant.seed import FINANCE_REPORTS,MARKETING_CAMPAIGN,PRODUCTION_DATABASE,BOARD_PAPERS,MARKETING,FINANCE_READERS,SECURITY_REVIEWERS,MARKETING_RESOURCES
from tests.harness.world import ANN, CY, BO, DANA, MIA, GUS, EVE, APPROVALS, GENERAL as CHAN, said, labels, living, eventually, buttons
import asyncio

NAMES={ANN:'Ann',CY:'Cy',BO:'Bo',DANA:'Dana',MIA:'Mia',GUS:'Gus'}
def policy_of(world, package=FINANCE_REPORTS):
    return next(p for p in world.tenant.world.policies.values() if p.package_id==package)
def squeeze(t):
    lines=list(dict.fromkeys(x.strip() for x in t.split('\n')))
    t=' | '.join(lines)
    t=re.sub(r'<!date[^|]*\|([^>]*)>',r'\1',t)
    t=re.sub(r'\| \*The package gives\*.*?\*Account\*','| … ',t)
    return t[:700]
def transcript(world, seen=None):
    out=[]
    for u,n in NAMES.items():
        for m in world.direct(u):
            out.append(f"  DM {n}: {squeeze(said(m))} {labels(m)}")
        for ch in (CHAN,):
            for w in world.whispers(u,ch):
                out.append(f"  eph {n}: {squeeze(w)}")
    for m in world.slack.channel(APPROVALS).messages:
        if not m.deleted: out.append(f"  CH: {squeeze(said(m))} {labels(m)}")
    return "\n".join(out)
async def settle(world, seconds=120):
    await asyncio.sleep(seconds)

MGR={"@odata.type":"#microsoft.graph.requestorManager","managerLevel":1}
def U(i): return {"@odata.type":"#microsoft.graph.singleUser","userId":i}
def G(i): return {"@odata.type":"#microsoft.graph.groupMembers","groupId":i}
def stage(**k):
    from sandbox.tenant.policy_settings import _STAGE_DEFAULTS
    return {**_STAGE_DEFAULTS, "primaryApprovers":[U(seed.BO)], **k}
def pol(o,package=FINANCE_REPORTS):
    return next(p for p in o.tenant.world.policies.values() if p.package_id==package)
