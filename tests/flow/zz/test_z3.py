from tests.flow.zz.explore import *
import pytest
from sandbox.tenant.model import Expiration
P=MARKETING_CAMPAIGN
def cat(w): w.catalogs[seed.GENERAL].state="unpublished"
def req(**k):
    def f(w): pw(w).settings["requestorSettings"]|=k
    return f
def pw(w): return next(p for p in w.policies.values() if p.package_id==P)
def exp(e):
    def f(w): pw(w).expiration=e
    return f
def appr(**k):
    def f(w): pw(w).approval.update(k)
    return f
def scope(s):
    def f(w): pw(w).allowed_target_scope=s
    return f
def gone(w):
    del w.policies[pw(w).id]
def q(w):
    pw(w).settings["questions"]=examples.questions()
def inc(w): w.packages[P].incompatible_groups.append(MARKETING)
def auto(w): pw(w).settings["automaticRequestSettings"]={"requestAccessForAllowedTargets":True}
CASES={"plain":lambda w:None,"catalog off":cat,"no update":req(enableTargetsToSelfUpdateAccess=False),"update null":req(enableTargetsToSelfUpdateAccess=None),
"no remove":req(enableTargetsToSelfRemoveAccess=False),"no add":req(enableTargetsToSelfAddAccess=False),
"never":exp(Expiration("noExpiration")),"date later":exp(Expiration("afterDateTime",end=datetime(2027,6,1,tzinfo=UTC))),"date over":exp(Expiration("afterDateTime",end=datetime(2027,1,12,tzinfo=UTC))),
"shorter":exp(Expiration("afterDuration",duration=timedelta(days=3))),"hours":exp(Expiration("afterDuration",duration=timedelta(hours=40*24+5))),
"update approval":appr(isApprovalRequiredForUpdate=True,stages=[stage()]),"update approval null":appr(isApprovalRequiredForUpdate=None,stages=[stage()]),"reason":appr(isRequestorJustificationRequired=True),
"notSpecified":scope("notSpecified"),"guests only":scope("allExternalUsers"),"gone":gone,"questions":q,"incompatible":inc,"auto":auto}
@pytest.mark.parametrize("version",["v1.0","beta"])
@pytest.mark.parametrize("case",CASES)
async def test_it(database, case, version):
    async with living(database, GRAPH_API_VERSION=version) as w:
        await w.type(ANN,"/request-access marketing-campaign")
        got=await w.told(ANN,"You now have")
        await w.later(timedelta(days=5))
        shown=(await w.type(ANN,"/my-access")).message
        await settle(w,60); CASES[case](w.tenant.world); w.tenant.world.touch()
        n=len(w.direct(ANN))
        print(f"\n== {case} {version}: before sync: {labels(shown)}")
        try:
            o=await w.extend(ANN,shown,about="Marketing"); print("   ext:", squeeze(o.text or ''), o.ok if hasattr(o,'ok') else '')
        except AssertionError as e: print("   ", e)
        await settle(w,60)
        await w.synced()
        shown=(await w.type(ANN,"/my-access")).message
        print("   after sync:", labels(shown), squeeze(said(shown)))
        if "Return" in labels(shown):
            o=await w.press(ANN,shown,"Return"); print("   ret:",squeeze(o.text or ''))
        elif any("Return" in l for l in labels(shown)):
            l=next(l for l in labels(shown) if "Return" in l)
            o=await w.press(ANN,shown,l); print("   ret:",l,squeeze(o.text or ''))
        await settle(w,60)
        for m in w.direct(ANN)[n:]: print("   DM Ann:",squeeze(said(m)),labels(m))
        for u in w.whispers(ANN,CHAN)[1:]: print("   eph:",squeeze(u)[:250])
        print(await w.states(), [ (p.body['requestType']) for p in w.posts()])
