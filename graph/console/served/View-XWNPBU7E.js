import{a as r}from"./chunk-2TRKQZC6.js";import{o,u as e}from"./chunk-CBCETKWL.js";function a(){return o(r,{heading:e.value.keys.heading})}export{a as View};
